import API
import Crypto
import Foundation
import Identity
import RPC
import Testing
import Transport

/// A real `assay-compute`, as the build has just made it, on a folder that outlives it.
final class ComputeServer: @unchecked Sendable {
  // @unchecked Sendable: `process` and `channel` change in `start` and `kill` alone, which a test
  // calls one after the other from its own task; its clients have copies of the calls.
  let folder: String
  private let gateway = Ed25519.PrivateKey()
  private let catalog = Ed25519.PrivateKey()
  private let group = EventLoopGroup(loopCount: 1, name: "test")
  private var process: Process?
  private var channel: Channel?

  /// The folder of the running test bundle, which is the build's own.
  private static let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    .deletingLastPathComponent().appendingPathComponent("assay-compute").path

  init() throws {
    folder = NSTemporaryDirectory() + "compute-server-\(UUID().uuidString)"
    try FileManager.default.createDirectory(
      atPath: "\(folder)/trust", withIntermediateDirectories: true)
    for (name, key) in [("gateway", gateway), ("catalog", catalog)] {
      try key.publicKey.pem.write(
        toFile: "\(folder)/trust/\(name).pem", atomically: true, encoding: .utf8)
    }
  }

  deinit {
    kill()
    group.shutDown()
    try? FileManager.default.removeItem(atPath: folder)
  }

  var database: String { "\(folder)/data/compute.sqlite" }

  /// Starts the process and waits until it is ready.
  ///
  /// - Parameter limit: the most KiB that a file may have, as on a disk that is full.
  func start(fileLimitKiB limit: Int? = nil) async throws {
    let ready = "\(folder)/ready.json"
    try? FileManager.default.removeItem(atPath: ready)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/bash")
    let ulimit = limit.map { "trap '' XFSZ; ulimit -f \($0); " } ?? ""
    process.arguments = [
      "-c", "\(ulimit)exec \"$0\" \"$@\"", Self.program, "--data", "\(folder)/data", "--trust",
      "\(folder)/trust", "--listen", "127.0.0.1:0", "--ready-file", ready, "--loops", "1",
    ]
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    process.standardInput = FileHandle.nullDevice
    try process.run()
    self.process = process
    // Long, for a machine that has much else to do.
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
      if let data = FileManager.default.contents(atPath: ready),
        let state = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
        let address = state["listen"] as? String
      {
        var options = ChannelOptions()
        options.settings.peerTimeoutMilliseconds = 60_000
        channel = Channel(
          try SocketConnector(name: "compute", target: address, tls: nil, group: group),
          options: options)
        return
      }
      try #require(process.isRunning, "assay-compute ended at its start")
      // Another process writes the file, of which nothing tells but a look.
      try await Task.sleep(for: .milliseconds(5))
    }
    Issue.record("assay-compute did not become ready")
  }

  /// Ends the process at once, as a power cut does.
  func kill() {
    channel?.shutDown()
    channel = nil
    guard let process else { return }
    Glibc.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
    self.process = nil
  }

  var runs: ComputeRunsClient {
    get throws { ComputeRunsClient(try #require(channel)) }
  }

  var budgets: ComputeBudgetsClient {
    get throws { ComputeBudgetsClient(try #require(channel)) }
  }

  var invoices: ComputeInvoicesClient {
    get throws { ComputeInvoicesClient(try #require(channel)) }
  }

  /// How a data scientist of a vendor calls.
  func vendor(_ number: Int) -> CallOptions {
    caller("vendor-\(number)", "usr_\(number)", "ada@vendor-\(number).example", .participant)
  }

  /// How an organiser of the use case calls.
  var organiser: CallOptions { caller("clinic", "usr_o", "o@clinic.example", .organiser) }

  /// How whoever runs the installation calls.
  var `operator`: CallOptions {
    caller("installation", "usr_op", "op@installation.example", .operator)
  }

  private func caller(
    _ tenant: String, _ user: String, _ email: String, _ role: Role
  ) -> CallOptions {
    let now = WallClock.system.now()
    var options = CallOptions()
    options.principal = PrincipalSigner(issuer: "gateway", key: gateway).sign(
      Principal(
        tenant: tenant, user: user, email: email, roles: [role], issueTime: now,
        expireTime: now + Principal.maximumLifetimeMilliseconds))
    return options
  }

  /// Has the catalog tell of a use case with so many participants.
  func sync(participants: Int, gflopEach: Int64) async throws {
    var snapshot = CatalogUseCaseSnapshot()
    snapshot.id = "uc_1"
    snapshot.version = 1
    snapshot.tenant = "clinic"
    snapshot.state = .published
    snapshot.budget = CatalogComputeBudget(
      participants: Int32(participants), gflopEach: gflopEach)
    snapshot.participants = (1...participants).map { number in
      CatalogSnapshotParticipant(
        id: "par_\(number)", tenant: "vendor-\(number)", name: "Vendor \(number)",
        emails: ["ada@vendor-\(number).example"])
    }
    var options = CallOptions()
    options.principal = PrincipalSigner(issuer: "catalog", key: catalog).servicePrincipal(
      now: WallClock.system.now())
    _ = try await ComputeComputeSyncClient(try #require(channel)).syncUseCase(
      CatalogSyncUseCaseRequest(snapshot: snapshot), options: options)
  }
}
