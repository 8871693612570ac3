/// A folder for the files of one test.

import FoundationEssentials

/// A folder that vanishes, with all it holds, when nothing refers to it any more.
public final class TemporaryFolder: Sendable {
  /// Where it is.
  public let path: String

  /// Makes an empty folder.
  public init() {
    path = FileManager.default.temporaryDirectory.path + "/apus-tests-\(UUID().uuidString)"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { remove() }

  /// Removes the folder; a `defer` with it also keeps the folder until then.
  public func remove() { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a name inside.
  public func callAsFunction(_ name: String) -> String { "\(path)/\(name)" }

  /// The names inside, sorted.
  public var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  /// Writes a file, and the folders it lies in, and returns its path.
  @discardableResult
  public func write(_ bytes: [UInt8], to name: String) throws -> String {
    if let slash = name.lastIndex(of: "/") {
      try FileManager.default.createDirectory(
        atPath: self(String(name[..<slash])), withIntermediateDirectories: true)
    }
    try Data(bytes).write(to: URL(filePath: self(name)))
    return self(name)
  }

  /// Writes a file, and the folders it lies in, and returns its path.
  @discardableResult
  public func write(_ text: String, to name: String) throws -> String {
    try write(Array(text.utf8), to: name)
  }

  /// The bytes of a file.
  public func read(_ name: String) throws -> [UInt8] {
    [UInt8](try Data(contentsOf: URL(filePath: self(name))))
  }
}
