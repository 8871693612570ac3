/// Many stretches of an array on their way between processes at once, helped on by polling.

import Kernels
import Machine

/// Carries out lists of sends, receives and additions, a list for each stretch of an array.
///
/// Every process adds the lists of the stretches that it shares with another in the same order; at
/// most `window` lists are under way, so that the memory for what arrives stays bounded. Nothing
/// moves unless `progress` or `finish` is called.
public final class Exchange {
  /// One part of a list; the memory belongs to the caller and lives until `finish` returns.
  public enum Step {
    /// Floats go to a process.
    case send(Floats, count: Int, to: Int)
    /// Floats of a process arrive and overwrite.
    case receive(MutableFloats, count: Int, from: Int)
    /// Floats of a process arrive and are added.
    case receiveAndAdd(MutableFloats, count: Int, from: Int)
    /// Floats are added to others.
    case add(Floats, to: MutableFloats, count: Int)
    /// Floats overwrite others.
    case copy(Floats, to: MutableFloats, count: Int)
  }

  private final class List {
    let tag: Int
    var steps: ArraySlice<Step>
    var transfer: (any Transfer)?
    var arriving: UnsafeMutableBufferPointer<Float>?

    init(tag: Int, steps: [Step]) {
      self.tag = tag
      self.steps = steps[...]
    }
  }

  /// The seconds spent in `progress`, beside other work, so far.
  public private(set) var secondsBeside = 0.0
  /// The seconds spent in `finish`, where nothing else was done, so far.
  public private(set) var secondsWaited = 0.0
  private let communicator: any Communicator
  private let window: Int
  private var lists: [List] = []
  private var free: [UnsafeMutableBufferPointer<Float>] = []

  /// An exchange that has nothing to do yet.
  public init(_ communicator: any Communicator, window: Int = 16) {
    self.communicator = communicator
    self.window = window
  }

  deinit { for buffer in free { buffer.deallocate() } }

  /// Adds a list; its messages carry `tag`.
  public func add(tag: Int, _ steps: [Step]) {
    if !steps.isEmpty { lists.append(List(tag: tag, steps: steps)) }
  }

  /// Goes as far as is possible without waiting.
  public func progress() {
    let clock = ContinuousClock()
    let start = clock.now
    advance()
    secondsBeside += (clock.now - start) / .seconds(1)
  }

  /// Returns when every list is done.
  public func finish() {
    let clock = ContinuousClock()
    let start = clock.now
    var patience = Patience()
    while !lists.isEmpty {
      if advance() { patience = Patience() } else { patience.pause() }
    }
    secondsWaited += (clock.now - start) / .seconds(1)
  }

  /// Whether anything moved.
  @discardableResult
  private func advance() -> Bool {
    var moved = false
    for list in lists.prefix(window) {
      while advance(list) { moved = true }
    }
    if moved { lists.removeAll { $0.steps.isEmpty && $0.transfer == nil } }
    return moved
  }

  private func advance(_ list: List) -> Bool {
    if let transfer = list.transfer {
      guard transfer.isComplete() else { return false }
      list.transfer = nil
      if case .receiveAndAdd(let target, let count, _) = list.steps.first,
        let arrived = list.arriving, let base = arrived.baseAddress
      {
        add(base, to: target, count)
        free.append(arrived)
        list.arriving = nil
      }
      list.steps.removeFirst()
      return true
    }
    switch list.steps.first {
    case nil: return false
    case .send(let values, let count, let process):
      list.transfer = communicator.send(
        UnsafeRawBufferPointer(start: values, count: 4 * count), to: process, tag: list.tag)
    case .receive(let values, let count, let process):
      list.transfer = communicator.receive(
        UnsafeMutableRawBufferPointer(start: values, count: 4 * count), from: process,
        tag: list.tag)
    case .receiveAndAdd(_, let count, let process):
      let buffer = takeBuffer(count)
      list.arriving = buffer
      list.transfer = communicator.receive(
        UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: 4 * count), from: process,
        tag: list.tag)
    case .add(let values, let target, let count):
      add(values, to: target, count)
      list.steps.removeFirst()
    case .copy(let values, let target, let count):
      target.update(from: values, count: count)
      list.steps.removeFirst()
    }
    return true
  }

  private func add(_ values: Floats, to target: MutableFloats, _ count: Int) {
    Workers.shared.divide(count, alignment: 1024) { range, _ in
      kernels.add(values + range.lowerBound, to: target + range.lowerBound, count: range.count)
    }
  }

  private func takeBuffer(_ count: Int) -> UnsafeMutableBufferPointer<Float> {
    if let index = free.firstIndex(where: { $0.count >= count }) { return free.remove(at: index) }
    if let small = free.popLast() { small.deallocate() }
    return .allocate(capacity: count)
  }
}

extension Exchange {
  /// What `process` does so that `values`, which `owner` has, reach all of `processes`.
  ///
  /// Along a binomial tree: nobody sends more than log₂ of the number of processes times.
  public static func handingOut(
    _ values: MutableFloats, count: Int, from owner: Int, to processes: [Int], as process: Int
  ) -> [Step] {
    guard let root = processes.firstIndex(of: owner),
      let own = processes.firstIndex(of: process)
    else { return [] }
    let total = processes.count
    let place = (own - root + total) % total
    let neighbour = { (place: Int) in processes[(place + root) % total] }
    var steps: [Step] = []
    var reach = 1
    if place > 0 {
      reach = 1 << place.trailingZeroBitCount
      steps.append(.receive(values, count: count, from: neighbour(place - reach)))
    } else {
      while reach < total { reach *= 2 }
    }
    while reach > 1 {
      reach /= 2
      if place + reach < total {
        steps.append(.send(Floats(values), count: count, to: neighbour(place + reach)))
      }
    }
    return steps
  }
}
