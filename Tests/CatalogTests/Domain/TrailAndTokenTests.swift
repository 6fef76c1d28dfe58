import CatalogDomain
import Crypto
import Foundation
import Testing

@Suite("Audit trail")
struct AuditTrailTests {
  static func entries(_ count: Int) -> [AuditEntry] {
    var head = AuditHead.empty
    return (0..<count).map { index in
      let entry = head.next(
        tenant: "acme", useCaseID: "uc_1", actor: "a@b.eu", action: .update,
        detail: "change \(index)", time: Int64(index))
      head = AuditHead(sequence: entry.sequence, digest: entry.digest)
      return entry
    }
  }

  static func verify(_ entries: [AuditEntry]) throws -> AuditVerifier {
    var verifier = AuditVerifier()
    for entry in entries { try verifier.check(entry) }
    return verifier
  }

  @Test("an untouched trail verifies, and ends where it should")
  func sound() throws {
    let entries = Self.entries(5)
    let verifier = try Self.verify(entries)
    #expect(verifier.head == AuditHead(sequence: 5, digest: entries[4].digest))
    try verifier.checkEnd(verifier.head)
  }

  @Test("any changed field is found at its entry")
  func changed() {
    let changes: [(inout AuditEntry) -> Void] = [
      { $0.tenant = "x" }, { $0.useCaseID = "x" }, { $0.actor = "x" }, { $0.action = "x" },
      { $0.detail = "x" }, { $0.time += 1 }, { $0.digest = .zero },
    ]
    for change in changes {
      var entries = Self.entries(5)
      change(&entries[2])
      #expect(throws: AuditFault.digest(sequence: 3)) { try Self.verify(entries) }
    }
  }

  @Test("a dropped, a swapped and a cut-off entry are found")
  func missing() throws {
    var entries = Self.entries(5)
    entries.remove(at: 2)
    #expect(throws: AuditFault.sequence(found: 4, expected: 3)) { try Self.verify(entries) }
    entries = Self.entries(5)
    entries.swapAt(1, 2)
    #expect(throws: AuditFault.self) { try Self.verify(entries) }
    let all = try Self.verify(Self.entries(5))
    let cut = try Self.verify(Array(Self.entries(5).dropLast()))
    #expect(throws: AuditFault.head(found: 4, recorded: 5)) { try cut.checkEnd(all.head) }
  }
}

@Suite("Page tokens and search")
struct ListingTests {
  static let tokens = PageTokens(key: [UInt8](repeating: 7, count: 32))
  static let position = PagePosition(order: 1_790_000_000_000, id: "uc_1")

  static func binding(
    _ list: String = "use_cases", _ tenant: String = "acme", _ user: String = "usr_1",
    _ filters: [String] = ["a", ""]
  ) -> PageTokens.Binding {
    PageTokens.Binding(list: list, tenant: tenant, user: user, filters: filters)
  }

  @Test("a token gives its position back; the empty one means the first page")
  func roundTrip() throws {
    let token = Self.tokens.token(for: Self.position, Self.binding())
    #expect(try Self.tokens.position(of: token, Self.binding()) == Self.position)
    #expect(try Self.tokens.position(of: "", Self.binding()) == nil)
  }

  @Test("another tenant's, user's, list's or filter's token is refused, and so is a changed one")
  func bound() {
    let token = Self.tokens.token(for: Self.position, Self.binding())
    for binding in [
      Self.binding("invites"), Self.binding("use_cases", "umbrella"),
      Self.binding("use_cases", "acme", "usr_2"),
      Self.binding("use_cases", "acme", "usr_1", ["", "a"]),
    ] {
      #expect(throws: CatalogError.self) { try Self.tokens.position(of: token, binding) }
    }
    for bad in ["x", "!!", String(token.dropLast(2)), token + "AA"] {
      #expect(throws: CatalogError.self) { try Self.tokens.position(of: bad, Self.binding()) }
    }
    let other = PageTokens(key: [UInt8](repeating: 8, count: 32))
    #expect(throws: CatalogError.self) { try other.position(of: token, Self.binding()) }
  }

  @Test("a page has the default size, at most the maximum, and never a negative one")
  func pageSize() throws {
    #expect(try PageSize.checked(0) == 50)
    #expect(try PageSize.checked(1_000) == 100)
    #expect(throws: CatalogError.self) { try PageSize.checked(-1) }
  }

  @Test("a search is words in lower case, with SQL's own signs escaped")
  func search() throws {
    #expect(try SearchQuery("  Heart 50%_\\ ").likePatterns == ["%heart%", "%50\\%\\_\\\\%"])
    #expect(throws: CatalogError.self) {
      try SearchQuery(String(repeating: "a ", count: 11))
    }
  }

  @Test("an etag names one version of one use case; the empty one names any")
  func etags() throws {
    let etag = Etag.of(useCaseID: "uc_1", revision: 1)
    #expect(etag.count == 16)
    #expect(etag != Etag.of(useCaseID: "uc_1", revision: 2))
    #expect(etag != Etag.of(useCaseID: "uc_2", revision: 1))
    try Etag.check("", present: etag)
    try Etag.check(etag, present: etag)
    #expect(throws: CatalogError.stale(seen: "x", present: etag)) {
      try Etag.check("x", present: etag)
    }
  }

  @Test(
    "times read as people write them",
    arguments: [
      (0, "1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 +0000"),
      (951_782_400_000, "2000-02-29T00:00:00Z", "Tue, 29 Feb 2000 00:00:00 +0000"),
      (1_795_421_700_999, "2026-11-23T08:15:00Z", "Mon, 23 Nov 2026 08:15:00 +0000"),
      (253_402_300_799_999, "9999-12-31T23:59:59Z", "Fri, 31 Dec 9999 23:59:59 +0000"),
    ] as [(Int64, String, String)])
  func times(milliseconds: Int64, text: String, mail: String) {
    #expect(UTCTime(milliseconds).description == text)
    #expect(UTCTime(milliseconds).mailDate == mail)
  }

  @Test("a mail has its headers, an encoded subject where needed, and names the invite")
  func mail() {
    let mail = InviteMail(
      inviteID: "inv_1", recipient: "a@b.eu", useCaseTitle: "Größe", organisation: "acme",
      expireTime: 0)
    let text = MailMessage.render(
      from: "assay@acme.eu", to: mail.recipient, subject: mail.subject, body: mail.body, date: 0,
      messageID: "inv_1.1@acme.eu")
    let head = text.components(separatedBy: "\n\n")[0]
    #expect(head.contains("\nTo: a@b.eu\n"))
    #expect(head.contains("\nSubject: =?UTF-8?B?"))
    #expect(head.utf8.allSatisfy { $0 < 128 })
    #expect(text.contains("inv_1") && text.contains("Größe"))
  }
}
