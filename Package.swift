// swift-tools-version: 6.3
import PackageDescription

// Kernel sources are compiled once per instruction set: `KernelsX86V4` is a symbolic link to
// `KernelsX86V3`. They are optimised in debug builds too, because SIMD code is unusably slow
// without, and `-Xcc -march` is what turns `addingProduct` into one instruction.
// As one module, also in debug builds, because the smallest functions must be inlined across files.
let wholeModule = ["-disable-batch-mode", "-whole-module-optimization", "-num-threads", "1"]

func numeric(march: String?) -> [SwiftSetting] {
  [.unsafeFlags(wholeModule + ["-Ounchecked"] + (march.map { ["-Xcc", "-march=\($0)"] } ?? []))]
}

#if arch(x86_64)
let wideKernels: [Target] = [
  .target(
    name: "KernelsX86V4", dependencies: ["KernelInterface", "CVectors"],
    swiftSettings: numeric(march: "x86-64-v4") + [.define("AVX512")])
]
let kernelTargets: [Target.Dependency] = ["KernelsX86V3", "KernelsX86V4"]
let baseline: String? = "x86-64-v3"
#else
let wideKernels: [Target] = []
let kernelTargets: [Target.Dependency] = ["KernelsX86V3"]
let baseline: String? = nil
#endif

// Text is split by vectors too, but with every check in place. Its generic functions may be linked
// into other modules, so `apus` refuses an older processor before it does anything else.
let vectors: [SwiftSetting] = baseline.map { [.unsafeFlags(["-Xcc", "-march=\($0)"])] } ?? []

let package = Package(
  name: "apus",
  products: [
    .executable(name: "apus", targets: ["apus"]),
    .library(name: "Tokenizers", targets: ["Tokenizers"]),
    .library(name: "Corpora", targets: ["Corpora"]),
    .library(name: "Models", targets: ["Models"]),
    .library(name: "Inference", targets: ["Inference"]),
    .library(name: "Training", targets: ["Training"]),
    .library(name: "Scaling", targets: ["Scaling"]),
  ],
  traits: [
    .trait(name: "MPI", description: "Several processes and machines, through Open MPI."),
    .default(enabledTraits: []),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
    // Without its trait for Foundation, which brings a second ICU.
    .package(url: "https://github.com/swiftlang/swift-subprocess", from: "1.0.2", traits: []),
  ],
  targets: [
    .systemLibrary(name: "CICU", pkgConfig: "icu-uc icu-i18n", providers: [.apt(["libicu-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(
      name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(
      name: "COpenMPI", pkgConfig: "ompi-c", providers: [.apt(["libopenmpi-dev"])]),
    .systemLibrary(name: "CMachine"),
    .systemLibrary(name: "CVectors"),

    .target(name: "Machine", dependencies: ["CMachine"]),
    .target(name: "KernelInterface", dependencies: ["CVectors"]),
    .target(
      name: "KernelsX86V3", dependencies: ["KernelInterface", "CVectors"],
      swiftSettings: numeric(march: baseline)),
    .target(
      name: "Kernels", dependencies: ["KernelInterface", "Machine", "COpenBLAS"] + kernelTargets),
    .target(
      name: "Distributed",
      dependencies: [
        "Machine", "Kernels", .target(name: "COpenMPI", condition: .when(traits: ["MPI"])),
      ]),
    .target(name: "Autograd", dependencies: ["Machine", "Kernels", "Distributed"]),
    .target(
      name: "Tokenizers",
      dependencies: [
        "CICU", "CMachine", "Machine",
        .product(name: "HeapModule", package: "swift-collections"),
      ],
      swiftSettings: vectors),
    .target(name: "Corpora", dependencies: ["CZstd", "Machine", "Tokenizers"]),
    .target(name: "Models", dependencies: ["Autograd", "Distributed", "Tokenizers"]),
    .target(
      name: "Inference",
      dependencies: [
        "Models", "Tokenizers", "Machine",
        .product(name: "HeapModule", package: "swift-collections"),
      ]),
    .target(name: "Training", dependencies: ["Models", "Corpora", "Distributed"]),
    .target(name: "Scaling", dependencies: ["Training", "Inference", "Distributed"]),
    .executableTarget(
      name: "apus",
      dependencies: [
        "Scaling", "Training", "Inference", "Corpora", "Tokenizers", "Models", "Distributed",
        "Kernels", "Machine", "CICU", "CZstd",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    .target(
      name: "TestSupport", dependencies: ["Tokenizers", "Distributed", "Machine"],
      path: "Tests/TestSupport"),
    .testTarget(name: "MachineTests", dependencies: ["Machine", "TestSupport"]),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels", "Machine"]),
    .testTarget(name: "DistributedTests", dependencies: ["Distributed", "TestSupport"]),
    .testTarget(name: "AutogradTests", dependencies: ["Autograd", "TestSupport"]),
    .testTarget(name: "TokenizersTests", dependencies: ["Tokenizers", "CZstd"]),
    .testTarget(name: "CorporaTests", dependencies: ["Corpora", "TestSupport"]),
    .testTarget(
      name: "ModelsTests", dependencies: ["Models", "TestSupport"], exclude: ["Goldens"]),
    .testTarget(
      name: "InferenceTests", dependencies: ["Inference", "Models", "Tokenizers", "Machine"],
      exclude: ["Goldens"]),
    .testTarget(name: "TrainingTests", dependencies: ["Training", "TestSupport"]),
    .testTarget(name: "ScalingTests", dependencies: ["Scaling", "TestSupport"]),
    .testTarget(
      name: "apusTests",
      dependencies: [
        "apus", "TestSupport", .product(name: "Subprocess", package: "swift-subprocess"),
      ]),
  ] + wideKernels,
  swiftLanguageModes: [.v6]
)
