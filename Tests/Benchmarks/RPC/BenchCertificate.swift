import Foundation

/// A P-256 certificate for 127.0.0.1, made by the openssl command for one run.
struct BenchCertificate {
  let folder: String

  var certificate: String { "\(folder)/certificate.pem" }
  var key: String { "\(folder)/key.pem" }

  init() throws {
    folder = NSTemporaryDirectory() + "assay-bench-\(getpid())"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
      "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
      "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate,
    ]
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw BenchError("openssl req failed") }
  }

  func remove() {
    try? FileManager.default.removeItem(atPath: folder)
  }
}
