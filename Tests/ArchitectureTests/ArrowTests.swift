import Testing

@Suite("The arrows between modules")
struct ArrowTests {
  /// Which module may use which. A new arrow is a decision: it is made here and in Package.swift.
  private static let allowed: [String: Set<String>] = [
    "Codec": [],
    "Crypto": ["COpenSSL"],
    "RPC": ["Codec"],
    "Transport": ["RPC", "CLinux", "COpenSSL"],
    "API": ["Codec", "RPC"],
    "Storage": ["Crypto", "CSQLite"],
    "Identity": ["API", "Codec", "Crypto", "RPC"],
    "ServiceKit": ["API", "CLinux", "Codec", "Crypto", "Identity", "RPC", "Transport"],
    "protoc-gen-assay-swift": ["Codec"],
    "CatalogDomain": ["Crypto"],
    "CatalogService": [
      "API", "CatalogDomain", "Crypto", "Identity", "Metrics", "RPC", "ServiceKit",
      "Storage",
    ],
    "assay-catalog": ["CatalogService", "ServiceKit"],
    "Metrics": [],
    "Formats": ["Metrics"],
    "EvaluationDomain": ["Metrics"],
    "EvaluationService": [
      "API", "Codec", "Crypto", "EvaluationDomain", "Formats", "Identity", "Metrics", "RPC",
      "ServiceKit", "Storage",
    ],
    "assay-evaluation": ["EvaluationService", "ServiceKit"],
    "ComputeDomain": ["Crypto"],
    "ComputeBilling": ["ComputeDomain", "Crypto"],
    "ComputeService": [
      "API", "Codec", "ComputeBilling", "ComputeDomain", "Crypto", "Identity", "RPC",
      "ServiceKit", "Storage",
    ],
    "assay-compute": ["ComputeService", "ServiceKit"],
    "GatewayDomain": ["Crypto"],
    "GatewayService": [
      "API", "Crypto", "GatewayDomain", "Identity", "RPC", "ServiceKit", "Storage",
    ],
    "assay-gateway": ["GatewayService", "ServiceKit"],
    "Commands": [
      "API", "Codec", "ComputeService", "Formats", "Metrics", "RPC", "ServiceKit", "Transport",
    ],
    "assay": ["Commands"],
  ]

  /// What the system gives. Everything else that is imported is a module of ours.
  private static let system: Set<String> = [
    "Dispatch", "Foundation", "Glibc", "PackageDescription", "Synchronization", "Testing",
  ]

  @Test("Package.swift declares exactly the arrows that are allowed")
  func manifestHasTheArrows() throws {
    let declared = try Manifest.targets()
    #expect(Set(declared.map(\.name)) == Set(Self.allowed.keys))
    for target in declared {
      #expect(target.dependencies == Self.allowed[target.name], "\(target.name)")
    }
  }

  @Test("No source file imports what its module may not know")
  func sourcesFollowTheArrows() throws {
    for target in try Manifest.targets() {
      let may = (Self.allowed[target.name] ?? []).union(Self.system)
      for file in Repository.swiftFiles(under: target.path) {
        let extra = Source.imports(try Repository.text(file)).subtracting(may)
        #expect(extra.isEmpty, "\(file) imports \(extra.sorted().joined(separator: ", "))")
      }
    }
  }

  @Test("No module declares an arrow that none of its files uses")
  func everyArrowIsUsed() throws {
    for target in try Manifest.targets() {
      let used = try Repository.swiftFiles(under: target.path)
        .reduce(into: Set<String>()) { $0.formUnion(Source.imports(try Repository.text($1))) }
      let unused = target.dependencies.subtracting(used)
      #expect(unused.isEmpty, "\(target.name): \(unused.sorted().joined(separator: ", "))")
    }
  }

  @Test("Codec, RPC and Metrics stand without Foundation", arguments: ["Codec", "RPC", "Metrics"])
  func standsWithoutFoundation(module: String) throws {
    let target = try #require(try Manifest.targets().first { $0.name == module })
    for file in Repository.swiftFiles(under: target.path) {
      let imports = Source.imports(try Repository.text(file))
      #expect(!imports.contains("Foundation"), "\(file)")
    }
  }

  @Test("There is no package dependency")
  func noPackages() throws {
    let code = Source.code(try Repository.text("Package.swift"))
    #expect(!code.contains { $0.contains(".package(") })
  }

  @Test("Services know nothing of each other's insides")
  func servicesAreApart() {
    let services = ["Catalog", "Evaluation", "Compute", "Gateway"]
    for (name, arrows) in Self.allowed {
      for service in services where name.hasPrefix(service) {
        let others = services.filter { $0 != service }
        let foreign = arrows.filter { arrow in others.contains { arrow.hasPrefix($0) } }
        #expect(foreign.isEmpty, "\(name)")
      }
    }
  }
}
