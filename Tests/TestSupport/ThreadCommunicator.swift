/// Processes rehearsed as threads: what they do together is tested without Open MPI.

import Distributed
import Glibc
import Machine

/// One of several threads that send each other messages through memory.
public final class ThreadCommunicator: Communicator {
  private struct Address: Hashable {
    var from: Int
    var to: Int
    var tag: Int
  }

  private final class Post: Sendable {
    let letters = Guarded<[Address: [[UInt8]]]>([:])
  }

  private final class Sent: Transfer {
    func isComplete() -> Bool { true }
  }

  private final class Expected: Transfer {
    private let take: () -> Bool
    private var isDone = false

    init(_ take: @escaping () -> Bool) { self.take = take }

    func isComplete() -> Bool {
      if !isDone { isDone = take() }
      return isDone
    }
  }

  /// The number of this process.
  public let rank: Int
  /// The number of processes.
  public let size: Int
  private let post: Post

  private init(rank: Int, size: Int, post: Post) {
    self.rank = rank
    self.size = size
    self.post = post
  }

  /// Puts a copy of the bytes where the other process looks for it.
  public func send(_ bytes: UnsafeRawBufferPointer, to process: Int, tag: Int) -> any Transfer {
    let address = Address(from: rank, to: process, tag: tag)
    let letter = Array(bytes)
    post.letters.withLock { $0[address, default: []].append(letter) }
    return Sent()
  }

  /// Waits for a letter.
  public func receive(
    _ bytes: UnsafeMutableRawBufferPointer, from process: Int, tag: Int
  ) -> any Transfer {
    let address = Address(from: process, to: rank, tag: tag)
    return Expected { [post] in
      let letter = post.letters.withLock { letters -> [UInt8]? in
        guard var waiting = letters[address], !waiting.isEmpty else { return nil }
        let first = waiting.removeFirst()
        letters[address] = waiting
        return first
      }
      guard let letter else { return false }
      precondition(letter.count == bytes.count, "A message has the length that is expected.")
      bytes.copyBytes(from: letter)
      return true
    }
  }

  /// Ends the program.
  public func abandon(code: Int32) -> Never { exit(code) }

  /// Runs `body` as so many processes, each in a thread of its own, and returns their results.
  public static func run<Result>(
    _ size: Int, _ body: @escaping (any Communicator) throws -> Result
  ) throws -> [Result] {
    let post = Post()
    let members = (0..<size).map { rank in
      Member { try body(ThreadCommunicator(rank: rank, size: size, post: post)) }
    }
    let threads = members.map { member in
      var thread = pthread_t()
      pthread_create(
        &thread, nil,
        { context in
          if let context { Unmanaged<Member>.fromOpaque(context).takeRetainedValue().run() }
          return nil
        }, Unmanaged.passRetained(member).toOpaque())
      return thread
    }
    for thread in threads { pthread_join(thread, nil) }
    return try members.compactMap { try $0.result?.get() as? Result }
  }

  private final class Member {
    private let body: () throws -> Any
    var result: Result<Any, any Error>?

    init(_ body: @escaping () throws -> Any) { self.body = body }

    func run() {
      // Threads of a pool let denormal numbers be zero, and so do processes.
      _ = Workers(count: 1)
      result = Result { try body() }
    }
  }
}
