/// The pipeline gives every output once, in the order of the inputs.

import Machine
import Testing

@Suite("Ordered pipeline")
struct OrderedPipelineTests {
  @Test("outputs come in the order of the inputs, whatever the threads", arguments: [1, 2, 5])
  func order(threads: Int) {
    let pipeline = OrderedPipeline<Int, Int>(threads: threads) { input, thread in
      #expect((0..<threads).contains(thread))
      // Uneven work, so that later inputs are done before earlier ones.
      var value = input
      for _ in 0..<(input % 7) * 1000 { value = (value &* 31 &+ 7) % 1_000_003 }
      return value >= 0 ? input * 2 : 0
    }
    var outputs: [Int] = []
    for input in 0..<500 {
      pipeline.submit(input) { outputs.append($0) }
      #expect(input + 1 - outputs.count < 4 * threads + 1)
    }
    pipeline.finish { outputs.append($0) }
    #expect(outputs == (0..<500).map { $0 * 2 })
  }

  @Test("a pipeline without inputs ends at once")
  func empty() {
    let pipeline = OrderedPipeline<Int, Int>(threads: 3) { input, _ in input }
    var outputs = 0
    pipeline.finish { _ in outputs += 1 }
    #expect(outputs == 0)
  }
}
