/// What processes that work together can do: send, receive, and end together.

import Glibc
import Machine

/// A process among the processes of a job, numbered from 0.
///
/// Messages between two processes with the same tag arrive in the order in which they were sent.
/// Transfers progress while any of them is tested. One thread of a process at a time communicates.
public protocol Communicator: AnyObject {
  /// The number of this process.
  var rank: Int { get }
  /// The number of processes.
  var size: Int { get }

  /// Starts to send `bytes`, which must stay as they are until the transfer is complete.
  ///
  /// - Parameter tag: Tells messages between the same two processes apart; below 32,768.
  func send(_ bytes: UnsafeRawBufferPointer, to process: Int, tag: Int) -> any Transfer

  /// Starts to receive exactly as many bytes as were sent with this tag.
  func receive(_ bytes: UnsafeMutableRawBufferPointer, from process: Int, tag: Int) -> any Transfer

  /// Ends every process of the job at once with this exit code.
  func abandon(code: Int32) -> Never
}

/// A message on its way.
public protocol Transfer: AnyObject {
  /// Whether the memory of the message can be used again; helps all transfers on.
  func isComplete() -> Bool
}

extension Transfer {
  /// Returns when the transfer is complete.
  public func wait() {
    var patience = Patience()
    while !isComplete() { patience.pause() }
  }
}

/// Waiting for another process: first by spinning, then by leaving the core to others.
struct Patience {
  private var turns = 0

  /// Lets a moment pass, the longer the more often it was called.
  mutating func pause() {
    turns += 1
    if turns > 20_000 { usleep(50) } else if turns > 200 { Processor.yield() }
  }
}

extension Communicator {
  /// The block of every process, in the order of their numbers; all must be of the same length.
  ///
  /// Process 0 gathers and hands out: for small things.
  public func gatherAll(_ block: [UInt8]) -> [[UInt8]] {
    if size == 1 { return [block] }
    var all = [UInt8](repeating: 0, count: block.count * size)
    let count = block.count
    all.withUnsafeMutableBytes { all in
      let own = UnsafeMutableRawBufferPointer(rebasing: all[rank * count..<(rank + 1) * count])
      block.withUnsafeBytes { own.copyMemory(from: $0) }
      if rank == 0 {
        let arriving = (1..<size).map { process in
          receive(
            .init(rebasing: all[process * count..<(process + 1) * count]), from: process,
            tag: Tag.gather)
        }
        for transfer in arriving { transfer.wait() }
        let leaving = (1..<size).map { send(.init(all), to: $0, tag: Tag.gather) }
        for transfer in leaving { transfer.wait() }
      } else {
        send(.init(own), to: 0, tag: Tag.gather).wait()
        receive(all, from: 0, tag: Tag.gather).wait()
      }
    }
    return (0..<size).map { Array(all[$0 * count..<($0 + 1) * count]) }
  }

  /// The values of every process, in the order of their numbers; all must be as many.
  public func gatherAll(_ values: [Double]) -> [[Double]] {
    let blocks = gatherAll(values.withUnsafeBytes { Array($0) })
    return blocks.map { block in
      block.withUnsafeBytes { bytes in
        (0..<values.count).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: Double.self) }
      }
    }
  }

  /// The bytes that process 0 has, which the others need not know.
  public func handOut(_ bytes: [UInt8]) -> [UInt8] {
    if size == 1 { return bytes }
    let count = Int(gatherAll([Double(bytes.count)])[0][0])
    var bytes = bytes
    if rank > 0 { bytes = [UInt8](repeating: 0, count: count) }
    bytes.withUnsafeMutableBytes { buffer in
      // Along a binomial tree, as `Exchange.handingOut`.
      var reach = 1
      if rank > 0 {
        reach = 1 << rank.trailingZeroBitCount
        receive(buffer, from: rank - reach, tag: Tag.result).wait()
      } else {
        while reach < size { reach *= 2 }
      }
      while reach > 1 {
        reach /= 2
        if rank + reach < size {
          send(.init(buffer), to: rank + reach, tag: Tag.result).wait()
        }
      }
    }
    return bytes
  }

  /// Returns when every process has called it.
  public func meet() {
    _ = gatherAll([UInt8(0)])
  }
}

/// The tags of messages that are not parts of an `Exchange`.
public enum Tag {
  /// Gathering small blocks.
  public static let gather = 32_000
  /// Activations and their gradients between the stages of a pipeline, and within a layer.
  public static let activation = 32_001
  /// Results of work that processes have shared.
  public static let result = 32_002
}
