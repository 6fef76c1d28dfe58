import Crypto
import Storage
import Testing

@Suite("Statements and rows", .timeLimit(.minutes(1)))
struct StatementTests {
  @Test("every type survives the round trip, by name and by position")
  func values() async throws {
    let fixture = try Fixture(migrations: [
      Migration(
        1, "all",
        "CREATE TABLE all_types (i INTEGER, r REAL, t TEXT, b BLOB, f INTEGER, d BLOB) STRICT")
    ])
    let digest = SHA256.hash("x")
    let missing: String? = nil
    try await fixture.database.write { transaction in
      let changed = try transaction.execute(
        "INSERT INTO all_types VALUES (?1, ?2, ?3, ?4, ?5, ?6)", Int64.min, 1.5, "ä\0b",
        [UInt8]([0, 1]), true, digest)
      #expect(changed == 1)
      try transaction.execute(
        "INSERT INTO all_types VALUES (?1, ?2, ?3, ?4, ?5, ?6)", nil, nil, missing, nil, nil, nil)
      try transaction.execute("INSERT INTO all_types (t, b) VALUES (?1, ?2)", "", [UInt8]())
    }
    try await fixture.database.read { reader in
      let found: Void? = try reader.queryOne("SELECT * FROM all_types WHERE i = ?1", Int64.min) {
        row throws in
        #expect(try row.int64("i") == .min)
        #expect(try row.int64(0) == .min)
        #expect(try row.double("r") == 1.5)
        #expect(try row.text("t") == "ä\0b")
        #expect(try row.blob("b") == [0, 1])
        #expect(try row.bool("f"))
        #expect(try row.digest("d") == digest)
      }
      #expect(found != nil)
      try reader.queryOne("SELECT * FROM all_types WHERE i IS NULL") { row throws in
        #expect(try row.optionalInt64("i") == nil)
        #expect(try row.optionalDouble("r") == nil)
        #expect(try row.optionalText("t") == nil)
        #expect(try row.optionalBlob("b") == nil)
        #expect(try row.optionalBool("f") == nil)
        #expect(try row.optionalDigest("d") == nil)
      }
      try reader.queryOne("SELECT t, b FROM all_types WHERE t = ''") { row throws in
        #expect(try row.text("t") == "")
        #expect(try row.blob("b") == [])
      }
    }
  }

  @Test("a wrong type, a missing column and an unexpected NULL are typed errors")
  func wrongColumns() async throws {
    let fixture = try Fixture()
    try await fixture.insert("a")
    let mistakes: [@Sendable (Row) throws -> Void] = [
      { _ = try $0.int64("email") }, { _ = try $0.text("nothing") }, { _ = try $0.int(9) },
      { _ = try $0.int64("age") }, { _ = try $0.digest("photo") }, { _ = try $0.bool(5) },
      { _ = try $0.text("twice") }, { _ = try $0.int(-1) },
    ]
    for mistake in mistakes {
      let error = await #expect(throws: StorageError.self) {
        try await fixture.database.read { reader in
          _ = try reader.queryOne(
            "SELECT email, age, x'00' AS photo, 1 AS twice, 2 AS twice, 7 FROM people",
            row: mistake)
        }
      }
      guard case .column = error else {
        Issue.record("unexpected \(String(describing: error))")
        return
      }
    }
  }

  @Test("a text is read anew only where it changes; what is no text is refused")
  func readInto() async throws {
    let fixture = try Fixture()
    let long = String(repeating: "ä", count: 40)
    // With and without a change of length, within what a string holds itself and beyond.
    let texts = [
      "", "a", "a", "b", "b\0c", "b\0d", "0123456789abcde", "0123456789abcdef",
      "0123456789abcdeg", long, long, long + "b", long + "c", "", "",
    ]
    try await fixture.database.read { reader in
      var text = ""
      var found: [String] = []
      let values = texts.indices.map { "(?\($0 + 1))" }.joined(separator: ", ")
      try reader.forEach("VALUES \(values)", arguments: texts) { row in
        let known = text
        let hasChanged = try row.read(0, into: &text)
        #expect(hasChanged == (text != known))
        found.append(text)
      }
      #expect(found == texts)
      text = "stays"
      for (sql, reason) in [
        ("SELECT NULL", "is NULL"), ("SELECT 1", "holds INTEGER"),
        ("SELECT CAST(x'ff' AS TEXT)", "is not UTF-8"),
      ] {
        let error = #expect(throws: StorageError.self) {
          try reader.forEach(sql) { _ = try $0.read(0, into: &text) }
        }
        #expect("\(String(describing: error))".contains(reason))
        #expect(text == "stays")
      }
    }
  }

  @Test("a UNIQUE violation is told from the other constraints")
  func constraints() async throws {
    let fixture = try Fixture()
    try await fixture.insert("a")
    func kind(_ sql: String) async -> ConstraintKind? {
      do {
        _ = try await fixture.database.write { try $0.execute(sql) }
        return nil
      } catch StorageError.constraint(let kind, _) {
        return kind
      } catch {
        Issue.record("unexpected \(error)")
        return nil
      }
    }
    #expect(await kind("INSERT INTO people (email) VALUES ('a')") == .unique)
    #expect(await kind("INSERT INTO people (id, email) VALUES (1, 'b')") == .primaryKey)
    #expect(await kind("INSERT INTO people (email) VALUES (NULL)") == .notNull)
    #expect(await kind("INSERT INTO people (email, age) VALUES ('c', -1)") == .check)
    #expect(await kind("INSERT INTO letters (person) VALUES (77)") == .foreignKey)
    #expect(await kind("INSERT INTO people (email, age) VALUES ('d', 'old')") == .other)
    #expect(StorageError.constraint(.unique, message: "").isUniqueViolation)
    #expect(!StorageError.constraint(.check, message: "").isUniqueViolation)
  }

  @Test(
    "transaction control, several statements and wrong counts of values are refused",
    arguments: [
      "COMMIT", "  rollback", "PRAGMA foreign_keys = OFF", "SAVEPOINT x", "ATTACH 'x' AS y",
      "SELECT 1; SELECT 2", "", "SELECT ?1", "SELEC 1", "SELECT \"no such column\"",
    ])
  func refusedStatements(sql: String) async throws {
    let fixture = try Fixture()
    await #expect(throws: StorageError.self) {
      try await fixture.database.write { try $0.execute(sql) }
    }
    try await fixture.insert("the database lives on")
  }

  @Test("a reader cannot write")
  func readerIsReadOnly() async throws {
    let fixture = try Fixture()
    let error = await #expect(throws: StorageError.self) {
      try await fixture.database.read { reader in
        try reader.forEach("INSERT INTO people (email) VALUES ('a')") { _ in }
      }
    }
    guard case .readOnly = error else {
      Issue.record("unexpected \(String(describing: error))")
      return
    }
  }

  @Test("a read sees one snapshot, however long it takes")
  func snapshot() async throws {
    let fixture = try Fixture()
    try await fixture.insert("before")
    let counts = try await fixture.database.read { [database = fixture.database] reader in
      let sql = "SELECT count(*) FROM people"
      let first = try reader.queryOne(sql) { try $0.int(0) }
      _ = try database.writeSync { try $0.execute("INSERT INTO people (email) VALUES ('during')") }
      return [first, try reader.queryOne(sql) { try $0.int(0) }]
    }
    #expect(counts == [1, 1])
    #expect(try await fixture.emails.count == 2)
  }

  @Test("the same query may run inside its own rows")
  func nestedQuery() async throws {
    let fixture = try Fixture()
    for email in ["a", "b", "c"] { try await fixture.insert(email) }
    let pairs = try await fixture.database.read { reader in
      let sql = "SELECT email FROM people ORDER BY id"
      return try reader.query(sql) { outer in
        let inner = try reader.query(sql) { try $0.text(0) }
        return try outer.text(0) + inner.joined()
      }
    }
    #expect(pairs == ["aabc", "babc", "cabc"])
  }

  @Test("more different statements than the cache holds go on working")
  func cacheOverflow() async throws {
    var options = Database.Options()
    options.cachedStatements = 4
    let fixture = try Fixture(options: options)
    let sum = try await fixture.database.read { reader in
      try (0..<50).reduce(0) { sum, number in
        try sum + (reader.queryOne("SELECT \(number)") { try $0.int(0) } ?? 0)
      }
    }
    #expect(sum == 1_225)
  }

  @Test("INSERT … RETURNING answers and takes effect")
  func returning() async throws {
    let fixture = try Fixture()
    let identifier = try await fixture.database.write { transaction in
      try transaction.queryOne("INSERT INTO people (email) VALUES (?1) RETURNING id", "a") {
        try $0.int64("id")
      }
    }
    #expect(identifier == 1)
    #expect(try await fixture.emails == ["a"])
  }
}
