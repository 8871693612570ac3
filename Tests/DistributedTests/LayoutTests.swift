import Distributed
import TestSupport
import Testing

@Suite("Layouts of processes") struct LayoutTests {
  @Test("every process has a place of its own, and lies on three lines")
  func places() {
    let layout = Layout(tensor: 2, stages: 3, data: 4)
    #expect(layout.processes == 24)
    for rank in 0..<24 {
      let place = layout.place(of: rank)
      #expect(layout.rank(of: place) == rank)
      for axis in [\Layout.Place.tensor, \.data, \.stage] {
        let line = layout.line(through: place, along: axis)
        #expect(line[place[keyPath: axis]] == rank)
        #expect(Set(line).count == line.count)
      }
    }
    // Those that divide a layer are neighbours.
    #expect(layout.line(through: layout.place(of: 5), along: \.tensor) == [4, 5])
  }

  private func part(_ process: Int, _ count: Int) -> [Float] {
    let start = 0.1 * Float(process + 1)
    return (0..<count).map { Float($0) + start }
  }

  @Test("a group sums in the order of its processes, to the same bits on all", arguments: 1...4)
  func sums(processes: Int) throws {
    for count in [1, 15, 16, 17, 100, 1000] {
      let found = try ThreadCommunicator.run(processes) { communicator in
        let group = SumGroup(communicator)
        var values = part(communicator.rank, count)
        group.sum(&values, count: count)
        return values
      }
      var wanted = [Float](repeating: 0, count: count)
      for process in 0..<processes {
        for (index, value) in part(process, count).enumerated() { wanted[index] += value }
      }
      for values in found { #expect(values == wanted) }
    }
  }

  @Test("a group gathers arrays in order")
  func gather() throws {
    let found = try ThreadCommunicator.run(3) { communicator in
      SumGroup(communicator).gather([Float(communicator.rank), 7], count: 2)
    }
    for values in found { #expect(values == [0, 7, 1, 7, 2, 7]) }
  }

  @Test("some processes work under numbers of their own")
  func group() throws {
    let found = try ThreadCommunicator.run(4) { communicator in
      let members = communicator.rank % 2 == 0 ? [2, 0] : [1, 3]
      let group = ProcessGroup(members, of: communicator)
      return group.gatherAll([Double(communicator.rank)]).map { $0[0] }
    }
    #expect(found == [[2, 0], [1, 3], [2, 0], [1, 3]])
  }
}
