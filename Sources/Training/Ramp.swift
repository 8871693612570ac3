/// Growth by doublings over the first part of a run: of the batch, and of the windows.

import Glibc

/// A size that starts at a power-of-two part of itself and doubles until it is whole.
///
/// The stages are equally long. They go by the share of the run that is done, so they suit every
/// horizon; a run in steps or tokens changes its stage at the same step every time.
public struct Ramp: Sendable, Codable, Equatable {
  /// Doublings from the start to the whole.
  public var doublings: Int
  /// The share of the run after which the size is whole, in 0…1.
  public var until: Double

  /// A ramp from a `1 << doublings`-th part.
  public init(doublings: Int, until: Double = 0.5) {
    precondition((0...16).contains(doublings), "A ramp has up to 16 doublings.")
    precondition((0...1).contains(until), "A ramp ends with a share of the run.")
    self.doublings = doublings
    self.until = until
  }

  /// What the whole size is divided by when `progress` of the run is done: a power of two.
  public func divisor(at progress: Double) -> Int {
    guard progress < until else { return 1 }
    let stage = Int(max(0, progress) / until * Double(doublings))
    return 1 << (doublings - min(stage, doublings))
  }
}

/// A batch that grows: small steps while every gradient points the same way, large ones when noise
/// is what is left (arXiv 1812.06162, 2505.23971).
///
/// Every micro-batch keeps at least one window, so that as many processes can share every step.
public struct BatchRamp: Sendable, Codable, Equatable {
  /// The course of the batch.
  public var ramp: Ramp
  /// The power of the batch's share by which the learning rate is multiplied: 0 leaves the rate
  /// alone, ½ keeps the noise of a step.
  public var rateExponent: Double

  /// A ramp of the batch.
  public init(_ ramp: Ramp, rateExponent: Double = 0.5) {
    self.ramp = ramp
    self.rateExponent = rateExponent
  }
}

/// How one step is made, where that changes over a run.
struct StepShape: Equatable {
  /// Windows as the loader gives them out.
  var windows: Int
  /// Equal parts into which every window is cut; each part is a window of its own for the model.
  var parts: Int
  /// Factor of the learning rate.
  var rateFactor: Double
}

extension TrainingOptions {
  /// The shape of a step that is taken when `progress` of the run is done.
  func stepShape(at progress: Double) -> StepShape {
    var shape = StepShape(
      windows: sequences, parts: contextRamp?.divisor(at: progress) ?? 1, rateFactor: 1)
    if let batchRamp {
      shape.windows = max(microBatches, sequences / batchRamp.ramp.divisor(at: progress))
      let share = Double(shape.windows) / Double(sequences)
      shape.rateFactor = pow(share, batchRamp.rateExponent)
    }
    return shape
  }

  /// Why the ramps do not fit the windows and the batch, or nil.
  public var rampProblem: String? {
    if let contextRamp, context % (2 << contextRamp.doublings) != 0 {
      return "windows of \(context) tokens cannot be halved \(contextRamp.doublings) times"
    }
    return nil
  }
}
