/// Who computes which part of a model on which part of a batch.

/// How many processes divide every layer, the layers, and the batch.
///
/// Processes are numbered along layers first, then along the batch, then along the stages: those
/// that exchange most are neighbours, and on one machine where possible (Megatron-LM's order,
/// arXiv 2104.04473).
public struct Layout: Sendable, Equatable {
  /// Where a process stands.
  public struct Place: Sendable, Equatable {
    /// The part of every layer.
    public var tensor: Int
    /// The part of the batch.
    public var data: Int
    /// The stage of the pipeline.
    public var stage: Int

    /// A place.
    public init(tensor: Int, data: Int, stage: Int) {
      self.tensor = tensor
      self.data = data
      self.stage = stage
    }
  }

  /// Processes that divide every layer.
  public let tensor: Int
  /// Stages, each a run of layers.
  public let stages: Int
  /// Groups of `tensor · stages` processes that divide the batch.
  public let data: Int

  /// A layout of so many parts.
  public init(tensor: Int = 1, stages: Int = 1, data: Int) {
    precondition(tensor > 0 && stages > 0 && data > 0, "A layout has processes.")
    self.tensor = tensor
    self.stages = stages
    self.data = data
  }

  /// `tensor · stages · data`
  public var processes: Int { tensor * stages * data }

  /// Whether a process holds only a part of the model.
  public var dividesModel: Bool { tensor * stages > 1 }

  /// Where process `rank` stands.
  public func place(of rank: Int) -> Place {
    Place(tensor: rank % tensor, data: rank / tensor % data, stage: rank / (tensor * data))
  }

  /// The process at a place.
  public func rank(of place: Place) -> Int {
    (place.stage * data + place.data) * tensor + place.tensor
  }

  /// The processes that differ from `place` in one coordinate only, in its order.
  public func line(through place: Place, along axis: WritableKeyPath<Place, Int>) -> [Int] {
    let count = axis == \.tensor ? tensor : axis == \.data ? data : stages
    return (0..<count).map {
      var place = place
      place[keyPath: axis] = $0
      return rank(of: place)
    }
  }
}
