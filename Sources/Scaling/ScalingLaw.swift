/// Laws of the loss: a floor plus one falling power for each thing that a run had little of.

import Glibc

/// What a law is a function of.
public enum ScalingVariable: String, Sendable, Codable, CaseIterable {
  /// D: tokens of the training set, repetitions not counted.
  case tokens
  /// N: learnt values.
  case parameters
  /// C: FLOPs of training.
  case compute

  /// The letter that papers use.
  public var symbol: String {
    switch self {
    case .tokens: "D"
    case .parameters: "N"
    case .compute: "C"
    }
  }
}

/// Which terms a law has.
public struct LawForm: Sendable, Codable, Equatable {
  /// Whether the loss ends at a floor above 0.
  public var hasOffset: Bool
  /// The variables, one falling power each.
  public var variables: [ScalingVariable]

  /// A form with one term for each of `variables`.
  public init(hasOffset: Bool, variables: [ScalingVariable]) {
    precondition(!variables.isEmpty, "A law has at least one variable.")
    self.hasOffset = hasOffset
    self.variables = variables
  }

  /// L(x) = B · x^-α, a straight line in logarithms (Kaplan et al., arXiv 2001.08361).
  public static func pure(_ variable: ScalingVariable) -> LawForm {
    LawForm(hasOffset: false, variables: [variable])
  }

  /// L(x) = E + B · x^-α (Hestness et al., arXiv 1712.00409).
  public static func withOffset(_ variable: ScalingVariable) -> LawForm {
    LawForm(hasOffset: true, variables: [variable])
  }

  /// L(N, D) = E + A · N^-α + B · D^-β (Hoffmann et al., arXiv 2203.15556).
  public static let joint = LawForm(hasOffset: true, variables: [.parameters, .tokens])

  /// Free numbers: the offset, and a coefficient and an exponent for each variable.
  public var parameterCount: Int { (hasOffset ? 1 : 0) + 2 * variables.count }
}

/// A fitted law, L = E + Σ coefficient · variable^-exponent, in nats per token or bits per byte as
/// the losses were.
public struct ScalingLaw: Sendable, Codable, Equatable {
  /// One falling power.
  public struct Term: Sendable, Codable, Equatable {
    /// What falls.
    public var variable: ScalingVariable
    /// The loss that the term adds where the variable is 1.
    public var coefficient: Double
    /// How fast it falls.
    public var exponent: Double

    /// coefficient · variable^-exponent
    public init(variable: ScalingVariable, coefficient: Double, exponent: Double) {
      self.variable = variable
      self.coefficient = coefficient
      self.exponent = exponent
    }
  }

  /// E: what is left when nothing is scarce; 0 in a pure power law.
  public var offset: Double
  /// The falling powers.
  public var terms: [Term]

  /// A law of these numbers.
  public init(offset: Double = 0, terms: [Term]) {
    self.offset = offset
    self.terms = terms
  }

  /// The form that this is an instance of.
  public var form: LawForm {
    LawForm(hasOffset: offset > 0, variables: terms.map(\.variable))
  }

  /// The loss where the variables have these values.
  public func loss(_ values: [ScalingVariable: Double]) -> Double {
    terms.reduce(offset) { sum, term in
      guard let value = values[term.variable] else {
        preconditionFailure("The law needs a value of \(term.variable.rawValue).")
      }
      return sum + term.coefficient * pow(value, -term.exponent)
    }
  }

  /// The loss of a law of one variable.
  public func loss(at value: Double) -> Double {
    precondition(terms.count == 1, "A law of several variables needs all of them.")
    return loss([terms[0].variable: value])
  }

  /// −d ln L / d ln x of a law of one variable: the exponent that the curve has at this place, which
  /// falls towards 0 near the floor.
  public func localSlope(at value: Double) -> Double {
    let total = loss(at: value)
    return terms[0].exponent * (total - offset) / total
  }

  /// The critical scale x_c of a pure power law, written L = (x_c / x)^α as Kaplan et al. do. It
  /// depends on the vocabulary and means nothing by itself.
  public var criticalScale: Double? {
    guard offset == 0, terms.count == 1, terms[0].exponent != 0 else { return nil }
    return pow(terms[0].coefficient, 1 / terms[0].exponent)
  }
}

/// A loss that was measured where the variables had these values.
public struct LossPoint: Sendable, Equatable {
  /// Where it was measured.
  public var values: [ScalingVariable: Double]
  /// The loss, above 0.
  public var loss: Double
  /// How much it counts, relative to other points: the inverse of its variance in ln L.
  public var weight: Double

  /// A loss; every value is above 0.
  public init(_ values: [ScalingVariable: Double], loss: Double, weight: Double = 1) {
    precondition(loss > 0 && values.values.allSatisfy { $0 > 0 }, "Laws live in logarithms.")
    self.values = values
    self.loss = loss
    self.weight = weight
  }
}
