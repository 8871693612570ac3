/// Attention of many sequences that begin with the same tokens, whose keys and values exist once.

import Glibc
import Kernels
import Machine

/// Keys and values of one layer that every sequence of a batch sees before its own.
public struct SharedPrefix {
  /// Rows of `keyValueHeads · headWidth` floats, one a token.
  public var keys: Floats
  /// As `keys`.
  public var values: Floats
  /// Rows.
  public var count: Int

  /// Names the memory of a prefix.
  public init(keys: Floats, values: Floats, count: Int) {
    self.keys = keys
    self.values = values
    self.count = count
  }
}

extension AttentionCall {
  /// Computes every head of every sequence behind a prefix that they share.
  ///
  /// The queries of all sequences meet the prefix in one matrix product, and their own keys row by
  /// row; one softmax runs over both. So the prefix is read once a head, not once a sequence. With
  /// shares of rows among the threads where there are fewer heads than those.
  func forward(into y: Tensor, behind prefix: SharedPrefix, cache: CachedLayer) {
    let (source, stride) = queryKeys
    let cacheStride = shape.keyValueHeads * width
    let columns = prefix.count + cache.count + shape.length
    let rows = input.rows
    let parts = max(1, min(rows / 16, Workers.shared.count / shape.heads))
    let rowsOfPart = (rows + parts - 1) / parts
    let scratchCount = rowsOfPart * columns
    let total = scratchCount * Workers.shared.count
    let scratch = tape.borrow(total)
    defer { tape.giveBack(scratch, total) }
    Workers.shared.share(shape.heads * parts) { (piece: Int, thread: Int) in
      let (head, part) = (piece / parts, piece % parts)
      let own = part * rowsOfPart..<min(rows, (part + 1) * rowsOfPart)
      if own.isEmpty { return }
      let keyHead = head / shape.group * width
      let scores = scratch + thread * scratchCount
      MatrixProduct.multiply(
        source + own.lowerBound * stride + head * width, stride: stride,
        prefix.keys + keyHead, .transposed, stride: cacheStride, into: scores, stride: columns,
        rows: own.count, columns: prefix.count, inner: width, alpha: shape.scale)
      for row in own {
        let tail = row / shape.length * cache.capacity * cacheStride + keyHead
        let visible = cache.count + row % shape.length + 1
        let query = source + row * stride + head * width
        let scores = scores + (row - own.lowerBound) * columns
        for token in 0..<visible {
          scores[prefix.count + token] =
            shape.scale * kernels.dot(query, cache.keys + tail + token * cacheStride, count: width)
        }
        kernels.softmax(scores, count: prefix.count + visible)
      }
      let output = y.value + own.lowerBound * y.columns + head * width
      MatrixProduct.multiply(
        scores, stride: columns, prefix.values + keyHead, stride: cacheStride,
        into: output, stride: y.columns,
        rows: own.count, columns: width, inner: prefix.count)
      for row in own {
        let tail = row / shape.length * cache.capacity * cacheStride + keyHead
        let weights = scores + (row - own.lowerBound) * columns + prefix.count
        let output = y.value + row * y.columns + head * width
        for token in 0..<cache.count + row % shape.length + 1 {
          let value = cache.values + tail + token * cacheStride
          for index in 0..<width { output[index] += weights[token] * value[index] }
        }
      }
    }
  }
}
