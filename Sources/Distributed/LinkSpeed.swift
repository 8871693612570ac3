/// How fast messages travel between two processes.

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
