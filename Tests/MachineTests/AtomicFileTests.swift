import Glibc
import Machine
import TestSupport
import Testing

struct AtomicFileTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = TemporaryFolder()
    defer { folder.remove() }
    try body(folder.path)
  }

  private func contents(_ path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    let count = fread(&bytes, 1, bytes.count, file)
    return String(decoding: bytes[..<count], as: UTF8.self)
  }

  @Test("a committed file holds what was written, in order, large or small")
  func commit() throws {
    try withFolder { folder in
      let path = folder + "/file"
      var file = try AtomicFile(path)
      let large = String(repeating: "0123456789", count: 20_000)
      try file.write("a")
      try file.write(large)
      try file.write("z")
      #expect(contents(path) == nil)
      try file.commit()
      #expect(contents(path) == "a" + large + "z")
    }
  }

  @Test("an uncommitted file leaves no trace and what was there stays")
  func abandon() throws {
    try withFolder { folder in
      let path = folder + "/file"
      try writeWhole("old", to: path)
      do {
        var file = try AtomicFile(path)
        try file.write("new")
      }
      #expect(contents(path) == "old")
      #expect(system("test $(ls '\(folder)' | wc -l) -eq 1") == 0)
    }
  }

  @Test("a folder that is missing is named in the error")
  func missing() {
    #expect {
      try writeWhole("x", to: "/nonexistent/folder/file")
    } throws: { error in
      (error as? FileFailure)?.code == ENOENT
        && "\(error)" == "cannot create /nonexistent/folder/file: No such file or directory"
    }
  }

  @Test("what the system refuses says what to do, another thing for reading than for writing")
  func hints() {
    let expected: [(String, Int32, String?)] = [
      ("read", EACCES, "you need the right to read it"),
      ("create", EACCES, "choose a place that you may write to"),
      ("create", ENOENT, "create the folder first"), ("open", ENOENT, "check the path"),
      ("read", EISDIR, "name a file, not a folder"),
      ("write", ENOSPC, "free some space, or write to another disk"), ("read", EIO, nil),
    ]
    for (action, code, hint) in expected {
      #expect(FileFailure(action, "x", code: code).hint == hint)
    }
  }
}
