/// Standard input and plain files, read in pieces or whole.

import ArgumentParser
import Glibc
import Machine

/// Bytes that come in pieces, from a file or from standard input.
final class Input {
  private let descriptor: Int32
  private let path: String
  private var buffer = [UInt8](repeating: 0, count: 1 << 16)

  /// Opens a file; nil or `-` is standard input.
  init(_ path: String?) throws(FileFailure) {
    if let path, path != "-" {
      self.path = path
      descriptor = open(path, O_RDONLY | O_CLOEXEC)
      if descriptor < 0 { throw FileFailure("open", path) }
    } else {
      self.path = "standard input"
      descriptor = STDIN_FILENO
    }
  }

  deinit {
    if descriptor != STDIN_FILENO { close(descriptor) }
  }

  /// The next bytes, as soon as there are some; nil at the end.
  func next() throws(FileFailure) -> ArraySlice<UInt8>? {
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      if count > 0 { return buffer[..<count] }
      if count == 0 { return nil }
      if errno != EINTR { throw FileFailure("read", path) }
    }
  }

  /// Everything that is left, as text.
  func text() throws -> String {
    var bytes: [UInt8] = []
    while let piece = try next() { bytes += piece }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure(
        "\(path) is not valid UTF-8", status: .badData,
        hint: "convert it: iconv -f latin1 -t utf-8")
    }
    return text
  }

  /// Shows help instead of waiting for someone to type a corpus.
  static func requireData<Command: ParsableCommand>(for command: Command.Type) throws {
    if !Console.isTerminal(STDIN_FILENO) { return }
    Console.say(Apus.helpMessage(for: command))
    throw Failure(
      "no input: nothing was named, and standard input is a terminal", status: .usage,
      hint: "name a file, or pipe text in")
  }

  /// Fails with the nearest name in the same folder if there is nothing at `path`.
  static func requireExists(_ path: String, what: String) throws {
    if access(path, F_OK) == 0 { return }
    let slash = path.lastIndex(of: "/")
    let folder = slash.map { String(path[...$0]) } ?? ""
    let name = slash.map { String(path[path.index(after: $0)...]) } ?? path
    let near = Suggestion.nearest(to: name, among: names(in: folder.isEmpty ? "." : folder))
    throw Failure(
      "there is no \(what) at \(path)", status: .noInput,
      hint: near.map { "did you mean \(folder)\($0)?" } ?? "check the path")
  }

  private static func names(in folder: String) -> [String] {
    guard let stream = opendir(folder) else { return [] }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    return names
  }

  /// The text given as an argument, or else standard input; `-` asks for the latter.
  static func text<Command: ParsableCommand>(
    _ argument: String?, for command: Command.Type
  ) throws -> String {
    if let argument, argument != "-" { return argument }
    try requireData(for: command)
    return try Input(nil).text()
  }
}
