/// One attention over a batch: which head of which sequence reads and writes where, both ways.

import Kernels
import Machine

/// The addresses of one call of attention, and the loops over its heads.
struct AttentionCall {
  let shape: AttentionShape
  let input: Tensor
  let prepared: PreparedHeads?
  let past: Int

  var width: Int { shape.headWidth }
  private var attention: any AttentionKernels.Type { tape.precision.attention }
  var tape: Tape { input.tape }

  /// Queries (then keys, side by side), and the distance between rows.
  var queryKeys: (value: MutableFloats, stride: Int) {
    prepared.map { ($0.value, $0.stride) } ?? (input.value, input.columns)
  }

  private var keyColumn: Int { shape.heads * width }
  private var valueColumn: Int { shape.queryKeyHeads * width }

  /// Multiplications and additions of the forward pass: each query sees half of the new keys.
  var forwardFLOPs: Int {
    2 * shape.sequences * shape.heads * width * shape.length * (2 * past + shape.length)
  }

  /// Copies the new keys and values behind the cached ones.
  func append(to cache: CachedLayer) {
    precondition(cache.count + shape.length <= cache.capacity, "The cache is full.")
    let (source, stride) = queryKeys
    let count = shape.keyValueHeads * width
    for row in 0..<input.rows {
      let target = row / shape.length * cache.capacity + cache.count + row % shape.length
      (cache.keys + target * count).update(from: source + row * stride + keyColumn, count: count)
      (cache.values + target * count)
        .update(from: input.value + row * input.columns + valueColumn, count: count)
    }
  }

  /// Computes every head of every sequence.
  func forward(into y: Tensor, logSumExp: MutableFloats?, cache: CachedLayer?) {
    let (source, stride) = queryKeys
    let keys = past + shape.length
    let scratchCount = attention.attentionScratchCount(
      queries: shape.length, keys: keys, headWidth: width)
    let total = scratchCount * Workers.shared.count
    let scratch = tape.borrow(total)
    defer { tape.giveBack(scratch, total) }
    Workers.shared.share(shape.sequences * shape.heads) { (piece: Int, thread: Int) in
      let (sequence, head) = (piece / shape.heads, piece % shape.heads)
      let keyHead = head / shape.group * width
      let firstRow = sequence * shape.length
      let key: Floats
      let value: Floats
      let (keyStride, valueStride): (Int, Int)
      if let cache {
        let cacheStride = shape.keyValueHeads * width
        key = Floats(cache.keys + sequence * cache.capacity * cacheStride + keyHead)
        value = Floats(cache.values + sequence * cache.capacity * cacheStride + keyHead)
        (keyStride, valueStride) = (cacheStride, cacheStride)
      } else {
        key = Floats(source + firstRow * stride + keyColumn + keyHead)
        value = Floats(input.value + firstRow * input.columns + valueColumn + keyHead)
        (keyStride, valueStride) = (stride, input.columns)
      }
      attention.attention(
        query: source + firstRow * stride + head * width, queryStride: stride,
        key: key, keyStride: keyStride, value: value, valueStride: valueStride,
        output: y.value + firstRow * y.columns + head * width, outputStride: y.columns,
        queries: shape.length, keys: keys, headWidth: width, scale: shape.scale,
        logSumExp: logSumExp.map { $0 + piece * shape.length },
        scratch: scratch + thread * scratchCount)
    }
  }

  /// Writes the gradient of the input; adds to those of the norms' weights.
  func backward(_ dy: Floats, output y: Tensor, logSumExp: Floats) {
    let scratchCount = attention.attentionScratchCount(
      queries: shape.length, keys: shape.length, headWidth: width)
    let scratchTotal = scratchCount * Workers.shared.count
    let scratch = tape.borrow(scratchTotal)
    let preparedCount = prepared.map { input.rows * $0.stride } ?? 0
    let dPrepared = prepared.map { _ in tape.borrow(preparedCount) }
    input.receive { dInput, keep in
      precondition(!keep, "The input of attention has no other reader.")
      Workers.shared.share(shape.sequences * shape.keyValueHeads) { (piece: Int, thread: Int) in
        heads(
          of: piece, dy, y, logSumExp, dInput: dInput, dQueryKeys: dPrepared ?? dInput,
          scratch: scratch + thread * scratchCount)
      }
      if let prepared, let dPrepared { unprepare(prepared, dPrepared, dInput: dInput) }
    }
    tape.giveBack(scratch, scratchTotal)
    if let dPrepared { tape.giveBack(dPrepared, preparedCount) }
  }

  /// The gradients of one key head of one sequence and of the query heads that share it.
  private func heads(
    of piece: Int, _ dy: Floats, _ y: Tensor, _ logSumExp: Floats, dInput: MutableFloats,
    dQueryKeys: MutableFloats, scratch: MutableFloats
  ) {
    let (source, stride) = queryKeys
    let (sequence, keyHead) = (piece / shape.keyValueHeads, piece % shape.keyValueHeads)
    let firstRow = sequence * shape.length
    let inputRow = firstRow * input.columns
    for member in 0..<shape.group {
      let head = keyHead * shape.group + member
      let outputStart = firstRow * y.columns + head * width
      let queryStart = firstRow * stride + head * width
      let keyStart = firstRow * stride + keyColumn + keyHead * width
      attention.attentionBackward(
        dOutput: dy + outputStart, dOutputStride: y.columns,
        output: y.value + outputStart, outputStride: y.columns,
        query: source + queryStart, queryStride: stride,
        key: source + keyStart, keyStride: stride,
        value: input.value + inputRow + valueColumn + keyHead * width, valueStride: input.columns,
        logSumExp: logSumExp + (sequence * shape.heads + head) * shape.length,
        dQuery: dQueryKeys + queryStart, dQueryStride: stride,
        dKey: dQueryKeys + keyStart, dKeyStride: stride,
        dValue: dInput + inputRow + valueColumn + keyHead * width, dValueStride: input.columns,
        keepKeyValue: member > 0, length: shape.length, headWidth: width, scale: shape.scale,
        scratch: scratch)
    }
  }

  /// Takes the gradients of prepared queries and keys back through rotation and norm.
  private func unprepare(
    _ prepared: PreparedHeads, _ dPrepared: MutableFloats, dInput: MutableFloats
  ) {
    let norms = prepared.parts.compactMap(\.norm)
    tape.addParts(
      to: norms.map { $0.startedGradient() }, counts: norms.map(\.count), over: input.rows
    ) { range, sums in
      prepared.forEachRun(of: range) { part, run, cosine, sine in
        let start = run.lowerBound * input.columns + part.column
        kernels.prepareHeadsBackward(
          dPrepared + run.lowerBound * prepared.stride + part.column,
          dOutputStride: prepared.stride,
          input: input.value + start, inputStride: input.columns,
          dInput: dInput + start, dInputStride: input.columns,
          rows: run.count, heads: part.heads, headWidth: width, normalize: shape.normalizes,
          weight: part.norm.map { Floats($0.value) },
          inverseRMS: part.inverseRMS + run.lowerBound * part.heads,
          dWeight: part.norm == nil ? nil : part.column == 0 ? sums.first : sums.last,
          cosine: cosine, sine: sine)
      }
    }
  }
}
