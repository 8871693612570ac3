/// Some processes of a job, working as if there were no others.

/// Processes of a larger job under numbers of their own, in the order given; only they use it.
///
/// Two processes must not be together in two groups that are used at the same time: messages are told
/// apart by sender, receiver and tag alone.
public final class ProcessGroup: Communicator {
  private let job: any Communicator
  private let members: [Int]
  /// The place of this process among the members.
  public let rank: Int
  /// How many take part.
  public var size: Int { members.count }

  /// The processes `members` of `job`, of which this one must be one.
  public init(_ members: [Int], of job: any Communicator) {
    guard let rank = members.firstIndex(of: job.rank), members.allSatisfy((0..<job.size).contains)
    else { preconditionFailure("A process works in groups that it belongs to.") }
    self.job = job
    self.members = members
    self.rank = rank
  }

  /// Starts to send bytes.
  public func send(_ bytes: UnsafeRawBufferPointer, to process: Int, tag: Int) -> any Transfer {
    job.send(bytes, to: members[process], tag: tag)
  }

  /// Starts to receive bytes.
  public func receive(
    _ bytes: UnsafeMutableRawBufferPointer, from process: Int, tag: Int
  ) -> any Transfer {
    job.receive(bytes, from: members[process], tag: tag)
  }

  /// Ends every process of the job.
  public func abandon(code: Int32) -> Never { job.abandon(code: code) }
}
