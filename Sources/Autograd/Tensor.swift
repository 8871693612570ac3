/// A matrix of activations on a tape, and the gradient that arrives at it on the way back.

import Kernels
import Machine

/// `rows × columns` floats that an operation computed; a row is a token.
///
/// A tensor lives as long as its tape's current step. Its gradient is born by the first operation
/// that contributes to it, which overwrites, and added to by later ones, so nothing is ever zeroed.
public final class Tensor {
  /// Tokens.
  public let rows: Int
  /// Width.
  public let columns: Int
  /// The values, row after row; of a tensor that can be made again, made now if need be.
  public var value: MutableFloats {
    if let memory { return memory }
    let buffer = tape.borrow(count)
    memory = buffer
    remake?(buffer)
    return buffer
  }
  /// The tape that computes with this tensor.
  public unowned let tape: Tape
  /// The gradient of the loss, while the backward pass needs it.
  public internal(set) var gradient: MutableFloats?

  /// The number of values.
  public var count: Int { rows * columns }

  private var memory: MutableFloats?
  private let remake: ((_ values: MutableFloats) -> Void)?

  init(rows: Int, columns: Int, value: MutableFloats, tape: Tape) {
    self.rows = rows
    self.columns = columns
    self.tape = tape
    memory = value
    remake = nil
  }

  /// A tensor whose values `make` writes, each time they are needed and were put aside.
  init(rows: Int, columns: Int, tape: Tape, make: @escaping (_ values: MutableFloats) -> Void) {
    self.rows = rows
    self.columns = columns
    self.tape = tape
    remake = make
  }

  /// Gives the memory of the values back, if they can be made again.
  ///
  /// What reads a tensor says so when it is done with it, on the way forth and on the way back: an
  /// activation then takes memory only between its maker and its reader.
  func putAside() {
    guard remake != nil, let memory else { return }
    self.memory = nil
    tape.giveBack(memory, count)
  }

  /// Lets a pullback write (`keep` false) or add to (`keep` true) this tensor's gradient.
  public func receive(_ contribute: (_ gradient: MutableFloats, _ keep: Bool) -> Void) {
    if let gradient {
      contribute(gradient, true)
    } else {
      let buffer = tape.borrow(count)
      gradient = buffer
      contribute(buffer, false)
    }
  }

  /// Gives the memory of the gradient back; for a tensor that no operation of its tape has made.
  public func releaseGradient() {
    guard let gradient else { return }
    self.gradient = nil
    tape.giveBack(gradient, count)
  }

  /// Takes over the gradient of `output`, of the same shape: its buffer if none has arrived yet.
  ///
  /// The last thing a pullback does with `output`: a residual stream passes one buffer down.
  public func adoptGradient(of output: Tensor) {
    guard let incoming = output.gradient else { return }
    guard let gradient else {
      self.gradient = incoming
      output.gradient = nil
      return
    }
    Workers.shared.divide(count, alignment: 1024) { range, _ in
      kernels.add(incoming + range.lowerBound, to: gradient + range.lowerBound, count: range.count)
    }
  }
}
