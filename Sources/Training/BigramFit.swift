/// An embedding and a head that predict the next token from the last one, fitted to counts.

import Glibc
import Kernels
import Machine

/// How weights are fitted to counts before training starts; part of a run's options.
public struct CountFit: Sendable, Codable, Equatable {
  /// Updates.
  public var steps: Int
  /// First tokens that an update looks at, on average.
  public var rows: Int
  /// Tokens that stand for all that can follow in an update, on average; nil for all of them.
  public var columns: Int?
  /// Adam's rate of the embedding, whose rows start with values around 1.
  public var embeddingRate: Double
  /// Adam's rate of the head.
  public var headRate: Double

  /// A fit by the rates that did best in trials.
  public init(
    steps: Int = 256, rows: Int = 512, columns: Int? = nil, embeddingRate: Double = 0.3,
    headRate: Double = 0.012
  ) {
    self.steps = steps
    self.rows = rows
    self.columns = columns
    self.embeddingRate = embeddingRate
    self.headRate = headRate
  }

  /// FLOPs of the whole fit.
  public func flops(vocabularySize: Int, width: Int) -> Double {
    6 * Double(steps * rows) * Double(min(vocabularySize, columns ?? vocabularySize) * width)
  }
}

/// The log-bilinear model `softmax(cap(W · norm(E[a])))` of the token after `a` (Mnih, Hinton 2007,
/// with one token of context): what a Transformer is whose blocks add nothing yet.
///
/// A gradient is that of the *counts* of a first token, not of one occurrence of it: an update costs
/// as much as the head does for `rows` tokens, and stands for all pairs of the corpus that begin so.
/// First tokens are drawn with a probability that goes with the root of their frequency, and
/// weighted by its inverse, so that the frequent ones are in every update and the mean is right. So are
/// the tokens that follow, if not all of them are looked at.
///
/// Memory: six floats a weight, and `rows × columns` floats, twice over each way in unlucky draws. Equal
/// counts and seeds give equal bits on any number of threads.
package final class BigramFit {
  /// Minus the logarithm of the frequency whose logit is 0 at the start.
  private static let middle = 9.0

  /// `vocabulary × width`, every row of RMS 1 when the fit is over.
  package let embedding: MutableFloats
  /// `vocabulary × width`.
  package let head: MutableFloats

  private let counts: BigramCounts
  private let options: CountFit
  private let width: Int
  private let softCap: Float
  private let precision: Precision
  private let arena: Arena
  private let headGradient: MutableFloats
  /// The rows of the head that an update looks at, if not all, and what their tokens are drawn by.
  private let drawnHead: MutableFloats
  private let columnDraw: FrequencyDraw?
  /// How often every token counts as a column, and the logarithms of it: of all tokens, and of an update's columns.
  private let columnWeights: [Float]
  private let columnOffsets: [Float]
  private let offsets: MutableFloats
  private let (capacity, columnCapacity): (Int, Int)
  /// Of every first token in an update: its embedding, normed, and the gradients of both.
  private let (rows, normed, dNormed, dRows):
    (MutableFloats, MutableFloats, MutableFloats, MutableFloats)
  private let logits: MutableFloats
  private let (inverseRMS, largest, sums, factors):
    (MutableFloats, MutableFloats, MutableFloats, MutableFloats)
  /// Of every thread, for the followers of a token that are columns: their places, and what they take off a gradient.
  private let scratch: [(places: UnsafeMutablePointer<Int32>, values: MutableFloats)]
  private let draw: FrequencyDraw
  private var (embeddingAdam, headAdam): (LazyAdam, LazyAdam)
  /// A bit for every token that is a column of an update, and which column it is.
  private var isColumn: [UInt64]
  private var columnOf: [Int32]

  /// A fit that has not begun; the values it starts from, and all it draws, depend on `seed`.
  package init(
    _ counts: BigramCounts, _ options: CountFit, width: Int, softCap: Float, seed: UInt64,
    precision: Precision = .fp32
  ) {
    self.counts = counts
    self.options = options
    self.width = width
    self.softCap = softCap
    self.precision = precision
    let vocabulary = counts.vocabularySize
    let size = vocabulary * width
    let arena = Arena()
    self.arena = arena
    // Fresh pages of an arena are zeros: the head starts there.
    func zeros(_ count: Int) -> MutableFloats { arena.floats(max(count, 1)) }
    embedding = zeros(size)
    head = zeros(size)
    embeddingAdam = LazyAdam(embedding, rows: vocabulary, width: width, in: arena)
    headAdam = LazyAdam(head, rows: vocabulary, width: width, in: arena)
    capacity = min(vocabulary, 2 * max(1, options.rows))
    (rows, normed) = (zeros(capacity * width), zeros(capacity * width))
    (dNormed, dRows) = (zeros(capacity * width), zeros(capacity * width))
    columnCapacity = min(vocabulary, 2 * (options.columns ?? vocabulary))
    headGradient = zeros(columnCapacity * width)
    drawnHead = zeros(options.columns == nil ? 1 : columnCapacity * width)
    offsets = zeros(columnCapacity)
    logits = zeros(capacity * columnCapacity)
    (inverseRMS, largest) = (zeros(capacity), zeros(capacity))
    (sums, factors) = (zeros(capacity), zeros(capacity))
    scratch = (0..<Workers.shared.count).map { _ in
      let places = UnsafeMutableRawPointer(zeros(vocabulary))
      return (places.bindMemory(to: Int32.self, capacity: vocabulary), zeros(vocabulary))
    }
    columnOf = (0..<Int32(vocabulary)).map { $0 }
    isColumn = [UInt64](repeating: .max, count: (vocabulary + 63) / 64)
    var random = RandomSource(seed: seed, stream: 2 << 32)
    draw = FrequencyDraw(counts.frequencies, rows: options.rows, random: &random)
    columnDraw = options.columns.map {
      FrequencyDraw(ofVocabulary: counts.frequencies, rows: $0, random: &random)
    }
    columnWeights =
      columnDraw?.probabilities.map { Float(1 / $0) } ?? [Float](repeating: 1, count: vocabulary)
    columnOffsets = columnWeights.map { log($0) }
    setStart(seed: seed)
  }

  /// The values that the fit starts from.
  ///
  /// Where it sees a sample of what follows, every token foresees the others by how frequent they are: embeddings
  /// have a mean, which all share, as large as what is random about them; the head has only that direction, as far
  /// along as makes a token's logit the logarithm of its frequency, but for a constant that keeps it within the soft
  /// cap. Updates of all that follows find that by themselves, and on text that repeats itself something better.
  private func setStart(seed: UInt64) {
    let vocabulary = counts.vocabularySize
    let total = Double(counts.total + vocabulary)
    let isSampled = columnDraw != nil
    // A stream for every run of rows, so that threads can draw side by side.
    let run = 1_024
    Workers.shared.share((vocabulary + run - 1) / run) { (part: Int) in
      var random = RandomSource(seed: seed, stream: 2 << 32 + 1 + UInt64(part))
      for token in part * run..<min(vocabulary, (part + 1) * run) {
        for index in token * width..<(token + 1) * width {
          embedding[index] = Float((isSampled ? 1 : 0) + random.nextNormal())
        }
        guard isSampled else { continue }
        var logit = log(Double(counts.frequencies[token] + 1) / total) + Self.middle
        if softCap > 0 {
          let cap = Double(softCap)
          logit = cap * atanh(max(-0.95, min(0.95, logit / cap)))
        }
        // The root is the length that a mean of 1 adds to what is random.
        let value = Float(logit * 2.0.squareRoot() / Double(width))
        (head + token * width).update(repeating: value, count: width)
      }
    }
  }

  /// Makes all updates.
  ///
  /// - Parameter goesOn: is asked before each; false ends the fit early.
  /// - Returns: the mean nats per token over the last updates, of first tokens as frequent as in the
  ///   text.
  package func run(while goesOn: () -> Bool = { true }) -> Double {
    var nats: [Double] = []
    for step in 0..<options.steps where goesOn() {
      let done = Double(step) / Double(options.steps)
      let share = min(1, Double(step + 1) / 4) * min(1, max(0.05, (1 - done) / 0.7))
      nats.append(update(step: step, share: share))
    }
    normRows()
    let last = nats.suffix(16)
    return last.reduce(0, +) / Double(max(last.count, 1))
  }

  /// One update; returns its estimate of the mean nats per token.
  private func update(step: Int, share: Double) -> Double {
    let batch = Array(draw.tokens(ofDraw: step).prefix(capacity))
    gather(batch, of: embedding, into: rows)
    let columns = drawColumns(step)
    let matrix = Floats(columns == nil ? head : drawnHead)
    let count = columns?.count ?? counts.vocabularySize
    kernels.rmsNorm(
      rows, weight: nil, epsilon: 0, rows: batch.count, width: width, into: normed,
      inverseRMS: inverseRMS)
    MatrixProduct.multiply(
      normed, stride: width, matrix, .transposed, stride: width, into: logits, stride: count,
      rows: batch.count, columns: count, inner: width, precision: precision)
    let nats = replaceLogits(
      of: batch, columns: count, offsets: columns == nil ? nil : Floats(offsets))
    MatrixProduct.multiply(
      logits, stride: count, matrix, stride: width, into: dNormed, stride: width,
      rows: batch.count, columns: width, inner: count, precision: precision)
    MatrixProduct.multiply(
      logits, .transposed, stride: count, normed, stride: width, into: headGradient,
      stride: width, rows: count, columns: width, inner: batch.count, precision: precision)
    kernels.rmsNormBackward(
      dNormed, x: rows, weight: nil, inverseRMS: inverseRMS, rows: batch.count, width: width,
      into: dRows, keep: false, dWeight: nil)
    headAdam.move(
      columns ?? Array(0..<count), along: headGradient, rate: options.headRate * share)
    embeddingAdam.move(batch, along: dRows, rate: options.embeddingRate * share)
    return nats
  }

  /// The tokens that may follow in an update, whose rows of the head are then side by side; nil for all.
  private func drawColumns(_ step: Int) -> [Int]? {
    guard let columnDraw else { return nil }
    let columns = Array(columnDraw.tokens(ofDraw: step).prefix(columnCapacity))
    for word in isColumn.indices { isColumn[word] = 0 }
    for (column, token) in columns.enumerated() {
      isColumn[token >> 6] |= 1 << UInt64(token & 63)
      columnOf[token] = Int32(column)
      offsets[column] = columnOffsets[token]
    }
    gather(columns, of: head, into: drawnHead)
    return columns
  }

  /// The rows of a table that belong to `tokens`, side by side.
  private func gather(_ tokens: [Int], of table: MutableFloats, into rows: MutableFloats) {
    Workers.shared.divide(tokens.count) { range, _ in
      for row in range {
        (rows + row * width).update(from: table + tokens[row] * width, count: width)
      }
    }
  }

  /// The logits of a batch become the gradient of its weighted loss, which is returned.
  private func replaceLogits(of batch: [Int], columns: Int, offsets: Floats?) -> Double {
    var losses = [Double](repeating: 0, count: batch.count)
    losses.withUnsafeMutableBufferPointer { losses in
      let losses = SendablePointer(losses.baseAddress)
      Workers.shared.share(batch.count) { [columnOf, columnWeights] (row: Int, thread: Int) in
        let token = batch[row]
        let weight = draw.weights[token]
        let (x, (places, values)) = (logits + row * columns, scratch[thread])
        kernels.exponentialSums(
          x, rows: 1, vocabulary: columns, softCap: softCap, offsets: offsets,
          largest: largest + row, sums: sums + row)
        factors[row] = weight / sums[row]
        let slope = softCap > 0 ? 1 / (softCap * softCap) : 0
        let share = 1 / Float(counts.frequencies[token])
        let count = findColumns(after: token, into: places)
        var mean = 0.0
        for index in 0..<count {
          let place = Int(places[index])
          let follower = Int(counts.followers[place])
          let column = columnOf[follower]
          let logit = x[Int(column)]
          let probability = columnWeights[follower] * Float(counts.counts[place]) * share
          mean += Double(probability * logit)
          values[index] = weight * probability * (1 - logit * logit * slope)
          places[index] = column
        }
        kernels.exponentialGradient(
          x, rows: 1, vocabulary: columns, softCap: softCap, offsets: offsets,
          shifts: largest + row, factors: factors + row)
        for index in 0..<count { x[Int(places[index])] -= values[index] }
        losses.value?[row] =
          Double(weight) * (Double(largest[row]) + log(Double(sums[row])) - mean)
      }
    }
    return losses.reduce(0, +)
  }

  /// Where the counts of `token` are whose followers are columns of this update, ascending; returns how many.
  private func findColumns(after token: Int, into places: UnsafeMutablePointer<Int32>) -> Int {
    let range = counts.starts[token]..<counts.starts[token + 1]
    var count = 0
    isColumn.withUnsafeBufferPointer { isColumn in
      counts.followers.withUnsafeBufferPointer { followers in
        // Every place is written, and stays if it is one: which those are cannot be foreseen by a branch.
        for place in range {
          let follower = Int(followers[place])
          places[count] = Int32(truncatingIfNeeded: place)
          count += Int(truncatingIfNeeded: isColumn[follower >> 6] >> UInt64(follower & 63) & 1)
        }
      }
    }
    return count
  }

  /// The model norms what it looks up, so lengths say nothing; an optimizer expects those of a start.
  private func normRows() {
    let unused = arena.floats(counts.vocabularySize)
    kernels.rmsNorm(
      embedding, weight: nil, epsilon: 0, rows: counts.vocabularySize, width: width,
      into: embedding, inverseRMS: unused)
  }
}
