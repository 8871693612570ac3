/// `.safetensors` files: what is read, what is refused, what is written.

import Glibc
import Machine
import Models
import TestSupport
import Testing

struct SafeTensorsTests {
  private let folder = TemporaryFolder()

  /// A file of a header, given as text, and data.
  private func file(_ header: String, data: [UInt8], announced: Int? = nil) -> String {
    let length = UInt64(bitPattern: Int64(announced ?? header.utf8.count))
    let prefix = (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * UInt64($0))) }
    return folder.file("file.safetensors", prefix + Array(header.utf8) + data)
  }

  @Test("singles, halves and truncated singles are read as floats")
  func elements() throws {
    let header =
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
      + #""b":{"dtype":"F16","shape":[2,2],"data_offsets":[8,16]},"#
      + #""c":{"dtype":"BF16","shape":[2],"data_offsets":[16,20]},"#
      + #""__metadata__":{"format":"pt","step":"12"}}   "#
    let singles: [UInt8] = [0, 0, 128, 63, 0, 0, 32, 192]
    let halves: [UInt8] = [0x00, 0x3C, 0x00, 0xC0, 0x01, 0x00, 0x00, 0x7C]
    let truncated: [UInt8] = [0x80, 0x3F, 0x49, 0xC0]
    let file = try SafeTensorsFile(file(header, data: singles + halves + truncated))
    #expect(file.metadata == ["format": "pt", "step": "12"])
    #expect(try file.read(#require(file.tensors["a"])) == [1, -2.5])
    let b = try #require(file.tensors["b"])
    #expect(b.shape == [2, 2])
    #expect(try file.read(b) == [1, -2, 0x1p-24, .infinity])
    #expect(try file.read(#require(file.tensors["c"])) == [1, -3.140625])
  }

  @Test("single values and tensors without values are tensors too")
  func emptyShapes() throws {
    let header =
      #"{"empty":{"dtype":"F32","shape":[0,3],"data_offsets":[0,0]},"#
      + #""scalar":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#
    let file = try SafeTensorsFile(file(header, data: [0, 0, 128, 63]))
    #expect(try file.read(#require(file.tensors["scalar"])) == [1])
    #expect(try file.read(#require(file.tensors["empty"])) == [])
  }

  @Test(
    "a malformed header is refused, naming the place",
    arguments: [
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#, 8, "not valid JSON"),
      (#"["a"]"#, 0, "does not begin with {"),
      (#"{"a":1}"#, 0, "entry for a is malformed"),
      (#"{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}"#, 8, "entry for a"),
      (#"{"a":{"dtype":"F32","shape":[2]}}"#, 8, "entry for a"),
      (#"{"a":{"dtype":"Q4","shape":[2],"data_offsets":[0,8]}}"#, 8, "unknown data type Q4"),
      (#"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, 8, "takes 12 bytes"),
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}"#, 8, "bytes 8..<0"),
      (
        #"{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}"#, 8,
        "has the shape"
      ),
      (#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8, "belong to no tensor"),
      (
        #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"#
          + #""b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8, "overlap"
      ),
      (
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
          + #""b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}"#, 12, "at b"
      ),
      (
        #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
          + #""a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}"#, 8, "gives \"a\" twice"
      ),
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 6, "cut short"),
      (#"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, 9, "1 bytes follow"),
      (#"{"__metadata__":{"a":1}}"#, 0, "not a text"),
    ])
  func malformed(header: String, dataBytes: Int, problem: String) throws {
    let path = file(header, data: [UInt8](repeating: 0, count: dataBytes))
    let error = try #require(throws: ModelFileError.self) { try SafeTensorsFile(path) }
    #expect(error.kind == .badData)
    #expect(error.path == path)
    #expect(error.problem.contains(problem), "\(error)")
  }

  @Test("a header that cannot be is refused before it is read")
  func headerLengths() throws {
    let short = folder.file("short", [1, 2, 3])
    let error = try #require(throws: ModelFileError.self) { try SafeTensorsFile(short) }
    #expect(error.problem == "3 bytes are too few for a header")
    for (announced, problem) in [
      (3, "ends at byte 11, but the file at byte 10"), (100_000_001, "100000001 bytes"),
      (-1, "18446744073709551615 bytes"),
    ] {
      let path = file("{}", data: [], announced: announced)
      let error = try #require(throws: ModelFileError.self) { try SafeTensorsFile(path) }
      #expect(error.problem.contains(problem), "\(error)")
    }
  }

  @Test("a file that is not there is missing, not bad")
  func missing() throws {
    let error = try #require(throws: ModelFileError.self) {
      try SafeTensorsFile("\(folder.path)/none.safetensors")
    }
    #expect(error.kind == .missing)
  }

  @Test("integers are known but not read as weights")
  func integers() throws {
    let header = #"{"a":{"dtype":"I64","shape":[1],"data_offsets":[0,8]}}"#
    let file = try SafeTensorsFile(file(header, data: [UInt8](repeating: 0, count: 8)))
    let tensor = try #require(file.tensors["a"])
    let error = try #require(throws: ModelFileError.self) { try file.read(tensor) }
    #expect(error.problem == "a is stored as I64")
  }

  @Test("what is written is read back, in portions of any size")
  func roundTrip() throws {
    let path = "\(folder.path)/out.safetensors"
    let values: [String: [Float]] = [
      "b": [1, .pi, -0.0, .leastNonzeroMagnitude, 5, 6], "a/\"é\"": [7], "none": [],
    ]
    var writer = try SafeTensorsWriter(
      path,
      tensors: [
        .init("none", shape: [0]), .init("b", shape: [2, 3]), .init("a/\"é\"", shape: [1]),
      ], metadata: ["step": "3"])
    #expect(writer.tensors.map(\.name) == ["a/\"é\"", "b", "none"])
    for tensor in writer.tensors {
      for value in values[tensor.name] ?? [] {
        let portion = [value]
        try writer.append(portion.span)
      }
    }
    #expect(bytes(path).isEmpty)
    try writer.commit()
    let file = try SafeTensorsFile(path)
    #expect(file.metadata == ["format": "pt", "step": "3"])
    #expect(file.tensors["b"]?.shape == [2, 3])
    for (name, tensor) in file.tensors {
      #expect(try file.read(tensor).map(\.bitPattern) == values[name]?.map(\.bitPattern))
    }
    let length = bytes(path).prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
    #expect(length % 8 == 0)
  }

  @Test("a file that is not committed leaves nothing")
  func abandoned() throws {
    let path = "\(folder.path)/out.safetensors"
    do {
      var writer = try SafeTensorsWriter(path, tensors: [.init("a", shape: [2])])
      let half: [Float] = [1]
      try writer.append(half.span)
    }
    #expect(folder.names.isEmpty)
  }

  @Test("a file that cannot be created is a failure of the system")
  func cannotCreate() throws {
    let path = "\(folder.path)/none/out.safetensors"
    let error = try #require(throws: FileFailure.self) {
      _ = try SafeTensorsWriter(path, tensors: [])
    }
    #expect(error.code == ENOENT)
  }
}
