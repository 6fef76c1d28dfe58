import CatalogDomain
import Foundation
import ServiceKit
import Testing

@testable import CatalogService

@Suite("The mail command")
struct MailCommandTests {
  static let mail = OutgoingMail(
    id: 7, inviteID: "inv_1", recipient: "ada@vendor.eu", subject: "Hello", body: "Text\n",
    attempt: 1)

  /// Writes a shell script and gives its path.
  static func script(_ text: String) throws -> String {
    let path = NSTemporaryDirectory() + "assay-mail-\(UUID().uuidString)"
    try "#!/bin/sh\n\(text)\n".write(toFile: path, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: path)
    return path
  }

  static func send(_ line: String, timeoutMilliseconds: Int = 10_000) async throws -> MailOutcome {
    let command = try MailCommand(
      line: line, sender: "assay@acme.eu", timeoutMilliseconds: timeoutMilliseconds)
    return await command.send(mail)
  }

  @Test("it gets the message on its input and the recipient as its last argument")
  func message() async throws {
    let output = NSTemporaryDirectory() + "assay-mail-\(UUID().uuidString).out"
    let path = try Self.script("echo \"$@\" > \(output); cat >> \(output)")
    #expect(try await Self.send("\(path) -i --") == .sent)
    let text = try String(contentsOfFile: output, encoding: .utf8)
    #expect(text.hasPrefix("-i -- ada@vendor.eu\nFrom: assay@acme.eu\nTo: ada@vendor.eu\n"))
    #expect(text.hasSuffix("\n\nText\n"))
    #expect(text.contains("Message-ID: <inv_1.7@acme.eu>"))
  }

  @Test("a code other than 0 is a refusal, with what it said")
  func refusal() async throws {
    let path = try Self.script("echo no such user >&2; exit 67")
    let outcome = try await Self.send(path)
    #expect(outcome == .refused("\(path) ended with code 67: no such user"))
  }

  @Test("one that hangs is ended at the time limit, and its mail is uncertain")
  func timeout() async throws {
    let path = try Self.script("exec sleep 60")
    let outcome = try await Self.send(path, timeoutMilliseconds: 200)
    guard case .uncertain = outcome else {
      Issue.record("expected uncertain, got \(outcome)")
      return
    }
  }

  @Test("one that is not there is told at the start")
  func missing() {
    for line in ["", "sendmail", "/nowhere/sendmail -i"] {
      #expect(throws: ServiceFailure.self) {
        try MailCommand(line: line, sender: "assay@acme.eu", timeoutMilliseconds: 1)
      }
    }
  }
}
