import Distributed
import TestSupport
import Testing

@Suite("Communicators") struct CommunicatorTests {
  @Test("every process gathers the blocks of all, in order", arguments: [1, 2, 3, 4])
  func gather(processes: Int) throws {
    let found = try ThreadCommunicator.run(processes) { communicator in
      communicator.gatherAll([Double(communicator.rank), 0.5])
    }
    for blocks in found { #expect(blocks == (0..<processes).map { [Double($0), 0.5] }) }
  }

  @Test("bytes of the first process reach all, whatever their number", arguments: [1, 2, 3, 6])
  func handOut(processes: Int) throws {
    let text = Array("Seven swifts above the roof".utf8)
    let found = try ThreadCommunicator.run(processes) { communicator in
      communicator.handOut(communicator.rank == 0 ? text : [])
    }
    #expect(found.allSatisfy { $0 == text })
  }

  @Test("a process that is alone gathers what it has")
  func alone() {
    let communicator = LocalCommunicator()
    #expect(communicator.gatherAll([1.5]) == [[1.5]])
    communicator.meet()
  }
}
