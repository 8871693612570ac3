import Glibc
import Kernels
import Testing

#if arch(x86_64)
@Suite("What the compiled kernels leave for the linker")
struct KernelSymbolsTests {
  /// Several object files may define a weak symbol, and the linker keeps any one of them: one that
  /// holds 512-bit instructions and is not a kernel's own would stop older processors.
  @Test("no weak function of the 512-bit kernels has a name that others may define")
  func weakSymbols() throws {
    let lines = try #require(symbols(of: "KernelsX86V4"), "nm or the object files are missing")
    let foreign = lines.filter { line in
      let fields = line.split(separator: " ")
      guard fields.count == 3, fields[1] == "W" || fields[1] == "w" else { return false }
      return !fields[2].hasPrefix("$s12KernelsX86V4")
    }
    #expect(foreign == [])
    #expect(lines.count > 50, "the list must not be empty by accident")
  }

  @Test("no kernel calls the C library for a multiply-add, a rounding or an exponential")
  func noScalarCalls() throws {
    for module in ["KernelsX86V3", "KernelsX86V4"] {
      let lines = try #require(symbols(of: module), "nm or the object files are missing")
      let undefined = lines.compactMap { line -> Substring? in
        let fields = line.split(separator: " ")
        return fields.count == 2 && fields[0] == "U" ? fields[1] : nil
      }
      for name in ["fmaf", "fma", "rintf", "roundf", "expf", "tanhf"] {
        #expect(!undefined.contains { $0 == name }, "\(module) calls \(name)")
      }
    }
  }

  /// The lines of `nm` for the object files of a module, beside which this test was built.
  private func symbols(of module: String) -> [String]? {
    var buffer = [CChar](repeating: 0, count: 4096)
    guard readlink("/proc/self/exe", &buffer, buffer.count - 1) > 0 else { return nil }
    let test = CommandLine.arguments.first { $0.hasSuffix(".xctest") }
    let path = test ?? String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
    guard let slash = path.lastIndex(of: "/") else { return nil }
    let folder = path[..<slash]
    guard let pipe = popen("nm '\(folder)/\(module).build/'*.o 2>/dev/null", "r") else {
      return nil
    }
    defer { pclose(pipe) }
    var lines: [String] = []
    while fgets(&buffer, Int32(buffer.count), pipe) != nil {
      lines.append(
        String(decoding: buffer.prefix { $0 != 0 && $0 != 10 }.map(UInt8.init), as: UTF8.self))
    }
    return lines.isEmpty ? nil : lines
  }
}
#endif
