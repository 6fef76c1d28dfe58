import API
import Crypto
import Foundation
import Identity
import RPC

/// An `assay-compute` of its own, with a database in a folder of its own.
final class ComputeProcess {
  private let process = Process()
  private let folder: String
  private let gateway = Ed25519.PrivateKey()
  private let catalog = Ed25519.PrivateKey()
  private(set) var port = 0

  var identifier: pid_t { process.processIdentifier }
  var database: String { "\(folder)/data/compute.sqlite" }

  /// - Parameter parent: where the folder is made: what is measured is this disk.
  init(parent: String, loops: Int) throws {
    folder = "\(parent)/assay-bench-ledger-\(getpid())"
    let files = FileManager.default
    try files.createDirectory(atPath: "\(folder)/trust", withIntermediateDirectories: true)
    for (name, key) in [("gateway", gateway), ("catalog", catalog)] {
      try key.publicKey.pem.write(
        toFile: "\(folder)/trust/\(name).pem", atomically: true, encoding: .utf8)
    }
    let own = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
    process.executableURL = own.deletingLastPathComponent().appendingPathComponent(
      "assay-compute")
    process.arguments = [
      "--data", "\(folder)/data", "--trust", "\(folder)/trust", "--listen", "127.0.0.1:0",
      "--ready-file", "\(folder)/ready.json", "--log-level", "warning", "--loops", "\(loops)",
    ]
    try process.run()
    port = try waitForPort()
  }

  private func waitForPort() throws -> Int {
    for _ in 0..<500 {
      if let data = FileManager.default.contents(atPath: "\(folder)/ready.json"),
        let state = try? JSONSerialization.jsonObject(with: data) as? [String: Any],
        let port = (state["listen"] as? String)?.split(separator: ":").last
      {
        return Int(port) ?? 0
      }
      guard process.isRunning else { break }
      usleep(10_000)
    }
    throw BenchError(
      "assay-compute did not start; build it first: swift build -c release --product assay-compute")
  }

  /// A data scientist of the vendor, as the gateway signs it.
  func vendor(_ number: Int) -> [UInt8] {
    let now = WallClock.system.now()
    return PrincipalSigner(issuer: "gateway", key: gateway).sign(
      Principal(
        tenant: "vendor-\(number)", user: "usr_\(number)", email: "ada@vendor-\(number).example",
        roles: [.participant], issueTime: now,
        expireTime: now + Principal.maximumLifetimeMilliseconds))
  }

  /// Who runs the installation.
  func operatorPrincipal() -> [UInt8] {
    let now = WallClock.system.now()
    return PrincipalSigner(issuer: "gateway", key: gateway).sign(
      Principal(
        tenant: "installation", user: "usr_op", email: "op@installation.example",
        roles: [.operator], issueTime: now,
        expireTime: now + Principal.maximumLifetimeMilliseconds))
  }

  /// The most memory that the process has had resident.
  var peakKiB: Int {
    let status = try? String(contentsOfFile: "/proc/\(identifier)/status", encoding: .utf8)
    let line = status?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
    return line?.split(separator: " ").compactMap { Int($0) }.first ?? 0
  }

  /// The catalog, speaking for itself.
  func catalogPrincipal() -> [UInt8] {
    PrincipalSigner(issuer: "catalog", key: catalog).servicePrincipal(
      now: WallClock.system.now())
  }

  /// Ends the process, has the ledger verified, and removes the folder.
  func stop(verifies: Bool = true) throws {
    process.terminate()
    process.waitUntilExit()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    guard verifies else { return }
    let verify = Process()
    verify.executableURL = process.executableURL
    verify.arguments = ["verify", "--data", "\(folder)/data"]
    verify.standardOutput = FileHandle.standardError
    try verify.run()
    verify.waitUntilExit()
    guard verify.terminationStatus == 0 else { throw BenchError("the ledger does not verify") }
  }
}
