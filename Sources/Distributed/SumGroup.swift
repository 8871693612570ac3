/// Sums over processes that compute one layer together: every process has its part, and all get all.

import Kernels
import Machine

/// Processes that add up arrays, with memory for what arrives and a clock.
///
/// The sum of an element is formed by one process, in the order of the processes' numbers, and goes
/// from there to all: every process has the same bits. A process sends and receives
/// `2 · 4n(1 − 1/size)` bytes for `n` floats.
public final class SumGroup: @unchecked Sendable {
  /// The processes.
  public let communicator: any Communicator
  /// The number of this process.
  public var rank: Int { communicator.rank }
  /// The number of processes.
  public var size: Int { communicator.size }
  /// Seconds spent in sums so far, waiting included.
  public private(set) var seconds = 0.0
  /// Bytes that this process has sent so far.
  public private(set) var bytesSent = 0
  private var arriving = UnsafeMutableBufferPointer<Float>(start: nil, count: 0)
  /// Floats that are summed at once: messages have 32-bit lengths.
  private static let most = 1 << 27

  /// A group of all processes of `communicator`.
  public init(_ communicator: any Communicator) { self.communicator = communicator }

  deinit { arriving.deallocate() }

  /// Replaces `values` by their sum over all processes, which all call this with as many.
  public func sum(_ values: MutableFloats, count: Int) {
    if size == 1 { return }
    let clock = ContinuousClock()
    let start = clock.now
    for first in stride(from: 0, to: count, by: Self.most) {
      sumPart(values + first, min(Self.most, count - first))
    }
    seconds += (clock.now - start) / .seconds(1)
  }

  /// The arrays of all processes, one after the other; all have `count` floats.
  public func gather(_ values: Floats, count: Int) -> [Float] {
    let clock = ContinuousClock()
    let start = clock.now
    defer { seconds += (clock.now - start) / .seconds(1) }
    return [Float](unsafeUninitializedCapacity: count * size) { all, initialized in
      initialized = count * size
      guard let base = all.baseAddress else { return }
      (base + rank * count).update(from: values, count: count)
      var transfers: [any Transfer] = []
      for other in 0..<size where other != rank {
        transfers.append(receive(base + other * count, count, from: other))
        transfers.append(send(values, count, to: other))
      }
      for transfer in transfers { transfer.wait() }
    }
  }

  private func sumPart(_ values: MutableFloats, _ count: Int) {
    // Every process forms the sums of one share, whole cache lines of it.
    let lines = (count + 15) / 16
    let share = { [size] (process: Int) in
      min(count, lines * process / size * 16)..<min(count, lines * (process + 1) / size * 16)
    }
    let own = share(rank)
    reserve(own.count * (size - 1))
    guard let arriving = arriving.baseAddress else { return }
    var transfers: [any Transfer] = []
    var places: [Int: MutableFloats] = [:]
    for (index, other) in (0..<size).filter({ $0 != rank }).enumerated() {
      places[other] = arriving + index * own.count
      if !own.isEmpty {
        transfers.append(receive(arriving + index * own.count, own.count, from: other))
      }
      let theirs = share(other)
      if !theirs.isEmpty {
        transfers.append(send(values + theirs.lowerBound, theirs.count, to: other))
      }
    }
    for transfer in transfers { transfer.wait() }
    let target = values + own.lowerBound
    Workers.shared.divide(own.count, alignment: 1024) { [rank, size] range, _ in
      // In the order of the processes: the own part first moves out of the way, if others precede.
      let sum = target + range.lowerBound
      if rank == 0 {
        for other in 1..<size {
          if let place = places[other] {
            kernels.add(place + range.lowerBound, to: sum, count: range.count)
          }
        }
        return
      }
      guard let first = places[0] else { return }
      let total = first + range.lowerBound
      for other in 1..<size {
        kernels.add(
          other == rank ? Floats(sum) : Floats((places[other] ?? first) + range.lowerBound),
          to: total, count: range.count)
      }
      sum.update(from: total, count: range.count)
    }
    transfers = []
    for other in 0..<size where other != rank {
      let theirs = share(other)
      if !theirs.isEmpty {
        transfers.append(receive(values + theirs.lowerBound, theirs.count, from: other))
      }
      if !own.isEmpty { transfers.append(send(target, own.count, to: other)) }
    }
    for transfer in transfers { transfer.wait() }
  }

  private func send(_ values: Floats, _ count: Int, to process: Int) -> any Transfer {
    bytesSent += 4 * count
    return communicator.send(
      UnsafeRawBufferPointer(start: values, count: 4 * count), to: process, tag: Tag.activation)
  }

  private func receive(_ values: MutableFloats, _ count: Int, from process: Int) -> any Transfer {
    communicator.receive(
      UnsafeMutableRawBufferPointer(start: values, count: 4 * count), from: process,
      tag: Tag.activation)
  }

  private func reserve(_ count: Int) {
    if arriving.count >= count, arriving.baseAddress != nil { return }
    arriving.deallocate()
    arriving = .allocate(capacity: max(count, 16))
  }
}
