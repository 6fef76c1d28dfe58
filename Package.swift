// swift-tools-version: 6.2
import PackageDescription

import class Foundation.FileManager

// The module table of the README, as targets. The arrows between modules are exactly the
// `dependencies` below; Tests/ArchitectureTests keeps them so.

/// Settings every Swift target shares. `ASSAY_STRICT=1` (set by `.ci/run`) turns warnings into
/// errors; a newer compiler's new warnings do not break an operator's build.
let settings: [SwiftSetting] =
  [.swiftLanguageMode(.v6), .enableUpcomingFeature("ExistentialAny")]
  + (Context.environment["ASSAY_STRICT"] == "1" ? [.treatAllWarnings(as: .error)] : [])

/// A library module at `path`.
func module(
  _ name: String, _ path: String, _ dependencies: [Target.Dependency] = [],
  resources: [Resource] = []
) -> Target {
  .target(
    name: name, dependencies: dependencies, path: path, exclude: readme(at: path),
    resources: resources, swiftSettings: settings)
}

/// An executable at `path`: a `main` and nothing else, the work is done in modules.
func program(_ name: String, _ path: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, path: path, exclude: readme(at: path),
    swiftSettings: settings)
}

/// A tool of the tests, an executable below Tests.
func tool(_ name: String, _ path: String, _ dependencies: [Target.Dependency]) -> Target {
  .executableTarget(
    name: name, dependencies: dependencies, path: path, exclude: readme(at: path),
    swiftSettings: settings)
}

func tests(
  _ name: String, _ dependencies: [Target.Dependency], resources: [Resource] = [],
  exclude: [String] = []
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, path: "Tests/\(name)",
    exclude: readme(at: "Tests/\(name)") + exclude, resources: resources,
    swiftSettings: settings)
}

/// A folder's README is documentation, not a source file.
func readme(at path: String) -> [String] {
  let file = "\(Context.packageDirectory)/\(path)/README.md"
  return FileManager.default.fileExists(atPath: file) ? ["README.md"] : []
}

/// What a service's tests need beside the service itself.
let serviceTests: [Target.Dependency] = [
  "API", "Crypto", "Identity", "RPC", "ServiceKit", "Storage", "Transport",
]

let package = Package(
  name: "assay",
  products: [
    .executable(name: "assay", targets: ["assay"]),
    .executable(name: "assay-gateway", targets: ["assay-gateway"]),
    .executable(name: "assay-catalog", targets: ["assay-catalog"]),
    .executable(name: "assay-evaluation", targets: ["assay-evaluation"]),
    .executable(name: "assay-compute", targets: ["assay-compute"]),
    .executable(name: "assay-conformance", targets: ["assay-conformance"]),
    .executable(name: "protoc-gen-assay-swift", targets: ["protoc-gen-assay-swift"]),
    .executable(name: "assay-bench", targets: ["assay-bench"]),
    .executable(name: "assay-codec-conformance", targets: ["assay-codec-conformance"]),
  ],
  targets: [
    // System libraries and the thin C around them.
    .target(name: "CLinux", path: "Shared/CLinux", exclude: readme(at: "Shared/CLinux")),
    .systemLibrary(
      name: "COpenSSL", path: "Shared/COpenSSL", pkgConfig: "openssl",
      providers: [.apt(["libssl-dev"])]),
    .systemLibrary(
      name: "CSQLite", path: "Shared/CSQLite", pkgConfig: "sqlite3",
      providers: [.apt(["libsqlite3-dev"])]),

    // Shared.
    module("Codec", "Shared/Codec"),
    module("Crypto", "Shared/Crypto", ["COpenSSL"]),
    module("RPC", "Shared/RPC", ["Codec"]),
    module("Transport", "Shared/Transport", ["RPC", "CLinux", "COpenSSL"]),
    module("API", "Shared/API", ["Codec", "RPC"]),
    module("Storage", "Shared/Storage", ["Crypto", "CSQLite"]),
    module("Identity", "Shared/Identity", ["API", "Codec", "Crypto", "RPC"]),
    module(
      "ServiceKit", "Shared/ServiceKit",
      ["API", "CLinux", "Codec", "Crypto", "Identity", "RPC", "Transport"]),
    program("protoc-gen-assay-swift", "Shared/ProtocPlugin", ["Codec"]),

    // Catalog.
    module("CatalogDomain", "Services/Catalog/Domain", ["Crypto"]),
    module(
      "CatalogService", "Services/Catalog/Service",
      [
        "API", "CatalogDomain", "Crypto", "Identity", "Metrics", "RPC", "ServiceKit",
        "Storage",
      ]),
    program("assay-catalog", "Services/Catalog/Main", ["CatalogService", "ServiceKit"]),

    // Evaluation.
    module("Metrics", "Services/Evaluation/Metrics"),
    module("Formats", "Services/Evaluation/Formats", ["Metrics"]),
    module("EvaluationDomain", "Services/Evaluation/Domain", ["Metrics"]),
    module(
      "EvaluationService", "Services/Evaluation/Service",
      [
        "API", "Codec", "Crypto", "EvaluationDomain", "Formats", "Identity", "Metrics", "RPC",
        "ServiceKit", "Storage",
      ]),
    program("assay-evaluation", "Services/Evaluation/Main", ["EvaluationService", "ServiceKit"]),

    // Compute.
    module("ComputeDomain", "Services/Compute/Domain", ["Crypto"]),
    module("ComputeBilling", "Services/Compute/Billing", ["ComputeDomain", "Crypto"]),
    module(
      "ComputeService", "Services/Compute/Service",
      [
        "API", "Codec", "ComputeBilling", "ComputeDomain", "Crypto", "Identity", "RPC",
        "ServiceKit", "Storage",
      ]),
    program("assay-compute", "Services/Compute/Main", ["ComputeService", "ServiceKit"]),

    // Gateway.
    module("GatewayDomain", "Services/Gateway/Domain", ["Crypto"]),
    module(
      "GatewayService", "Services/Gateway/Service",
      ["API", "Crypto", "GatewayDomain", "Identity", "RPC", "ServiceKit", "Storage"]),
    program("assay-gateway", "Services/Gateway/Main", ["GatewayService", "ServiceKit"]),

    // The command line.
    module(
      "Commands", "Services/CommandLine/Commands",
      [
        "API", "Codec", "ComputeService", "Formats", "Metrics", "RPC", "ServiceKit", "Transport",
      ]),
    program("assay", "Services/CommandLine/Main", ["Commands"]),

    // Benchmarks: an executable, for debug builds measure nothing.
    .target(name: "CBenchmark", path: "Tests/Benchmarks/CBenchmark"),
    .executableTarget(
      name: "assay-bench",
      dependencies: [
        "API", "CBenchmark", "CLinux", "CSQLite", "Codec", "Crypto", "Formats", "Identity",
        "Metrics", "RPC",
        "Transport",
      ],
      path: "Tests/Benchmarks",
      exclude: [
        "CBenchmark", "Codec/bench.proto", "README.md", "allocations", "allocations.limit",
        "compare", "compare-metrics", "peers",
      ],
      sources: ["Codec", "Ledger", "Main", "Metrics", "RPC"], swiftSettings: settings),

    // What the codec is held against: schemas, and a testee for protobuf's own conformance tests.
    .target(
      name: "CodecSchemas", dependencies: ["Codec", "RPC"], path: "Tests/CodecSchemas",
      exclude: ["Schema", "README.md"], swiftSettings: settings),
    .executableTarget(
      name: "assay-codec-conformance", dependencies: ["Codec", "CodecSchemas"],
      path: "Tests/CodecConformance/Testee", swiftSettings: settings),

    // Tests mirror the folders.
    tests("CodecTests", ["Codec", "CodecSchemas"]),
    tests("CryptoTests", ["Crypto"]),
    tests("RPCTests", ["API", "Codec", "RPC"]),
    tests(
      "TransportTests", ["API", "Codec", "RPC", "Transport", "CLinux"], exclude: ["FrozenPeer"]),
    tests("StorageTests", ["Crypto", "CSQLite", "Storage"]),
    tests("IdentityTests", ["API", "Crypto", "Identity", "RPC"]),
    tests("ServiceKitTests", ["ServiceKit", "RPC", "API", "Transport"]),
    tests("MetricsTests", ["Metrics"], exclude: ["Cases"]),
    tests("FormatsTests", ["Formats", "Metrics"], exclude: ["Samples"]),
    tests("CatalogTests", ["CatalogDomain", "CatalogService"] + serviceTests),
    tests("EvaluationTests", ["EvaluationDomain", "EvaluationService", "Metrics"] + serviceTests),
    tests(
      "ComputeTests", ["ComputeBilling", "ComputeDomain", "ComputeService"] + serviceTests,
      exclude: ["validate-invoices"]),
    tests("GatewayTests", ["GatewayDomain", "GatewayService"] + serviceTests),
    tests("CommandTests", ["API", "Commands", "RPC"]),
    tests("ArchitectureTests", []),
    tool("assay-conformance", "Tests/Conformance", ["API", "Codec", "Crypto", "RPC", "Transport"]),
    tests("EndToEndTests", []),
  ]
)
