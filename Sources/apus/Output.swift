/// Where data goes: a file that appears whole, or standard output as it comes.

import Machine

/// A destination of bytes.
struct Output: ~Copyable {
  private var file: AtomicFile?
  private var buffer: [UInt8] = []

  /// A file, or standard output if `path` is nil or `-`.
  init(_ path: String?) throws(FileFailure) {
    if let path, path != "-" { file = try AtomicFile(path) }
  }

  /// Whether bytes go to standard output.
  var isStandardOutput: Bool {
    switch file {
    case .some: false
    case .none: true
    }
  }

  /// Appends bytes; many of them are passed on as they are.
  mutating func write(_ bytes: [UInt8]) throws {
    if bytes.count < 1 << 16 {
      buffer.append(contentsOf: bytes)
      if buffer.count >= 1 << 16 { try flush() }
      return
    }
    try flush()
    if isStandardOutput {
      try Console.write(bytes)
    } else {
      try bytes.withUnsafeBytes { try file?.write($0) }
    }
  }

  /// Appends bytes.
  mutating func write(_ bytes: some Sequence<UInt8>) throws {
    buffer.append(contentsOf: bytes)
    if buffer.count >= 1 << 16 { try flush() }
  }

  /// Appends a text.
  mutating func write(_ text: String) throws {
    try write(text.utf8)
  }

  /// Hands on what was written so far.
  mutating func flush() throws {
    let bytes = buffer
    buffer.removeAll(keepingCapacity: true)
    if bytes.isEmpty { return }
    if isStandardOutput {
      try Console.write(bytes)
    } else {
      try file?.write(bytes)
    }
  }

  /// Hands on the rest and gives the file its name.
  mutating func finish() throws {
    try flush()
    try file?.commit()
  }
}
