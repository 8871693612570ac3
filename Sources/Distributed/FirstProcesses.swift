/// The first few processes of a job, working as if there were no others.

/// Processes `0..<size` of a larger job; only they may use it.
public final class FirstProcesses: Communicator {
  private let job: any Communicator
  /// As in the job.
  public var rank: Int { job.rank }
  /// How many take part.
  public let size: Int

  /// The first `size` processes of `job`.
  public init(_ size: Int, of job: any Communicator) {
    precondition((1...job.size).contains(size), "A part of a job is not larger than the job.")
    self.job = job
    self.size = size
  }

  /// Starts to send bytes.
  public func send(_ bytes: UnsafeRawBufferPointer, to process: Int, tag: Int) -> any Transfer {
    job.send(bytes, to: process, tag: tag)
  }

  /// Starts to receive bytes.
  public func receive(
    _ bytes: UnsafeMutableRawBufferPointer, from process: Int, tag: Int
  ) -> any Transfer {
    job.receive(bytes, from: process, tag: tag)
  }

  /// Ends every process of the job.
  public func abandon(code: Int32) -> Never { job.abandon(code: code) }
}

extension Communicator {
  /// Seconds for a message of no length to the next process and half back, and bytes a second of
  /// long ones between the first two processes; nil if there is no second one.
  public func measureLink(bytes: Int = 1 << 22, rounds: Int = 10) -> (
    latency: Double, bandwidth: Double
  )? {
    guard size > 1 else { return nil }
    func seconds(_ count: Int) -> Double {
      guard rank < 2 else { return 0 }
      let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: max(count, 1), alignment: 64)
      defer { buffer.deallocate() }
      buffer.initializeMemory(as: UInt8.self, repeating: 1)
      let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
      let clock = ContinuousClock()
      var best = Double.infinity
      for _ in 0..<rounds {
        let start = clock.now
        for turn in 0..<2 {
          if turn == rank {
            send(.init(part), to: 1 - rank, tag: Tag.result).wait()
          } else {
            receive(part, from: 1 - rank, tag: Tag.result).wait()
          }
        }
        best = min(best, (clock.now - start) / .seconds(2))
      }
      return best
    }
    let latency = seconds(1)
    let long = seconds(bytes)
    meet()
    let found = gatherAll([latency, Double(bytes) / max(long - latency, 1e-9)])[0]
    return (found[0], found[1])
  }
}
