/// What this processor is: the instruction set that kernels are chosen by, and its cores.

import CMachine
import Glibc

/// The processor that runs this program.
public enum Processor {
  /// The x86-64 level: 3 means AVX2 and FMA, 4 adds AVX-512; 0 on other architectures.
  public static let x86Level = Int(machine_x86_level())

  /// Whether kernels that need 512-bit registers run here; `APUS_KERNELS=v3` turns them off.
  public static let hasWideVectors: Bool = {
    if let wish = getenv("APUS_KERNELS"), String(cString: wish) == "v3" { return false }
    return x86Level >= 4
  }()

  /// Whether products of bfloat16 operands run here (AVX512-BF16).
  public static let hasBFloat16 = hasWideVectors && machine_bfloat16() > 0

  /// Whether they are faster than those of float32: on AMD's processors, not on Intel's.
  public static let hasFastBFloat16 = hasWideVectors && machine_bfloat16() > 1

  /// Whether tiles of bfloat16 operands are multiplied here (AMX), sixteen times as many a second as floats;
  /// `APUS_KERNELS=vectors` does without.
  public static let hasBFloat16Tiles: Bool = {
    if let wish = getenv("APUS_KERNELS"), strcmp(wish, "vectors") == 0 { return false }
    return hasBFloat16 && machine_bfloat16_tiles() != 0
  }()

  /// Whether halves are multiplied here (AVX512-FP16), twice as many a second as floats.
  public static let hasFloat16 = hasWideVectors && machine_float16() > 0

  /// Whether 512-bit registers multiply bytes and add them up by fours (AVX512-VNNI).
  public static let hasByteProducts = hasWideVectors && machine_has_byte_products() != 0

  /// Whether this program can run here at all: x86-64-v3 or later, or another architecture;
  /// `APUS_KERNELS=v2` pretends that it cannot. Calls nothing that an older processor might lack.
  public static let isSupported: Bool = {
    if let wish = getenv("APUS_KERNELS"), strcmp(wish, "v2") == 0 { return false }
    return x86Level == 0 || x86Level >= 3
  }()

  /// The cores this process may use (its affinity mask, so that `taskset` is honoured).
  public static let cores = Int(machine_cores())

  /// Bytes of the second cache of a core; where the system does not say, what the smallest have.
  public static let secondCache: Int = {
    let bytes = sysconf(Int32(_SC_LEVEL2_CACHE_SIZE))
    return bytes > 0 ? bytes : 512 << 10
  }()

  /// A number for the set of cores this process may use, to tell whether two processes share them.
  public static let coreSet = UInt64(machine_core_set())

  /// Leaves the core to another thread that wants it.
  public static func yield() { machine_yield() }

  /// The model's name as the kernel reports it.
  public static let name: String = {
    guard let file = fopen("/proc/cpuinfo", "r") else { return "unknown" }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 1024)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = line.withUnsafeBufferPointer { $0.baseAddress.map(String.init(cString:)) ?? "" }
      if text.hasPrefix("model name"), let colon = text.firstIndex(of: ":") {
        return String(text[text.index(after: colon)...].drop { $0 == " " }.prefix { $0 != "\n" })
      }
    }
    return "unknown"
  }()
}
