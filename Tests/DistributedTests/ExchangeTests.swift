import Distributed
import Kernels
import TestSupport
import Testing

@Suite("Exchanges") struct ExchangeTests {
  @Test("what the owner has reaches everybody", arguments: [1, 2, 3, 5, 8])
  func handOut(processes: Int) throws {
    for owner in 0..<processes {
      let results = try ThreadCommunicator.run(processes) { communicator -> [Float] in
        let values = MutableFloats.allocate(capacity: 10)
        defer { values.deallocate() }
        for index in 0..<10 { values[index] = Float(100 * communicator.rank + index) }
        let exchange = Exchange(communicator)
        for part in 0..<2 {
          exchange.add(
            tag: part,
            Exchange.handingOut(
              values + 5 * part, count: 5, from: owner, to: Array(0..<processes),
              as: communicator.rank))
        }
        exchange.finish()
        return (0..<10).map { values[$0] }
      }
      #expect(results.allSatisfy { $0 == (0..<10).map { Float(100 * owner + $0) } })
    }
  }

  @Test("more lists than the window holds all come to their end")
  func window() throws {
    let sums = try ThreadCommunicator.run(2) { communicator -> [Float] in
      let values = MutableFloats.allocate(capacity: 100)
      defer { values.deallocate() }
      for index in 0..<100 { values[index] = Float(index) }
      let exchange = Exchange(communicator, window: 3)
      for index in 0..<100 {
        exchange.add(
          tag: index,
          communicator.rank == 0
            ? [.send(Floats(values + index), count: 1, to: 1)]
            : [.receiveAndAdd(values + index, count: 1, from: 0)])
        exchange.progress()
      }
      exchange.finish()
      return (0..<100).map { values[$0] }
    }
    #expect(sums[1] == (0..<100).map { Float(2 * $0) })
  }
}
