/// How the learning rate moves over a run, and how long the run is.

import Glibc

/// The length of a run, in the unit that the user thinks in.
public struct Horizon: Sendable, Codable, Equatable {
  /// What a run is measured in.
  public enum Unit: String, Sendable, Codable {
    /// Optimizer steps.
    case steps
    /// Tokens trained on, counting repetitions.
    case tokens
    /// Seconds of training; evaluation and saving do not count.
    case seconds
  }

  /// What the run is measured in.
  public var unit: Unit
  /// How many of them.
  public var amount: Double

  /// A run of `amount` units.
  public init(_ amount: Double, _ unit: Unit) {
    self.unit = unit
    self.amount = amount
  }

  /// A run of that many optimizer steps.
  public static func steps(_ count: Int) -> Horizon { Horizon(Double(count), .steps) }
  /// A run over that many tokens.
  public static func tokens(_ count: Int) -> Horizon { Horizon(Double(count), .tokens) }
  /// A run of that many seconds; two such runs differ, because machines do not repeat themselves.
  public static func seconds(_ count: Double) -> Horizon { Horizon(count, .seconds) }

  /// The share of the run that is done, at least 0; 1 or more means that it is over.
  public func progress(steps: Int, tokens: Int, seconds: Double) -> Double {
    guard amount > 0 else { return 1 }
    switch unit {
    case .steps: return Double(steps) / amount
    case .tokens: return Double(tokens) / amount
    case .seconds: return max(0, seconds) / amount
    }
  }
}

/// A warm-up by steps times a shape over the share of the run that is done.
///
/// The result is a share of the full rate, so that one schedule serves parameters with different
/// rates. A shape over the share done, not over steps, fits runs measured in time as well.
public struct LearningRateSchedule: Sendable, Codable, Equatable {
  /// What happens between the warm-up and the end.
  public enum Shape: String, Sendable, Codable, CaseIterable {
    /// The full rate throughout.
    case constant
    /// A half wave of the cosine down to the final share (arXiv 1608.03983).
    case cosine
    /// A straight line from the start down to the final share.
    case linear
    /// The full rate, then a straight line over the last `cooldown` of the run
    /// (warm-up, stable, decay: arXiv 2404.06395, 2405.18392).
    case wsd
  }

  /// The shape.
  public var shape: Shape
  /// Steps over which the rate rises in equal parts to its full height; 0 for none.
  public var warmupSteps: Int
  /// The share of the run over which `wsd` falls, in 0…1.
  public var cooldown: Double
  /// The share of the full rate that is left at the end, in 0…1.
  public var finalShare: Double

  /// A schedule; `cooldown` matters to `wsd` alone, `finalShare` not to `constant`.
  public init(_ shape: Shape, warmupSteps: Int, cooldown: Double = 0.6, finalShare: Double = 0.1) {
    precondition(warmupSteps >= 0, "A warm-up has no negative length.")
    precondition((0...1).contains(cooldown), "The cool-down is a share of the run.")
    precondition((0...1).contains(finalShare), "The final rate is a share of the full one.")
    self.shape = shape
    self.warmupSteps = warmupSteps
    self.cooldown = cooldown
    self.finalShare = finalShare
  }

  /// The share of the full rate for a step.
  ///
  /// - Parameters:
  ///   - step: steps taken before this one.
  ///   - progress: the share of the run that is done before this step; more than 1 counts as 1.
  public func share(step: Int, progress: Double) -> Double {
    let rise = warmupSteps > 0 ? min(1, Double(step + 1) / Double(warmupSteps)) : 1
    return rise * decay(at: min(max(progress, 0), 1))
  }

  private func decay(at progress: Double) -> Double {
    switch shape {
    case .constant: return 1
    case .linear: return 1 - (1 - finalShare) * progress
    case .cosine: return finalShare + (1 - finalShare) * (1 + cos(.pi * progress)) / 2
    case .wsd:
      let left = 1 - progress
      guard cooldown > 0, left < cooldown else { return 1 }
      return finalShare + (1 - finalShare) * left / cooldown
    }
  }
}
