import Storage

/// Where each answer is, by a hash of its key: a log-structured index (O'Neil, Cheng, Gawlick,
/// O'Neil, "The Log-Structured Merge-Tree", 1996).
///
/// Hashes are random, so that a table by hash would have a page written for each of them. Here they
/// wait in memory, divided into ranges; when too many wait, commits write the ranges in turn, each
/// as a sorted segment of whole pages. Eight segments of a range that are alike in size are merged
/// into one, so that a hash is written once for each eightfold of all there are. How far each range
/// is written is stored with it: after a crash those that waited are added again, and no others. A
/// filter in memory spares the search for keys that are new.
///
/// Callers can choose keys whose hashes begin alike: ranges are those of the hash times a secret
/// number, which spreads any of them (Dietzfelbinger et al., "A Reliable Randomized Algorithm for
/// the Closest-Pair Problem", 1997).
struct AnswerIndex {
  /// Hashes that wait in memory at most. A start reads the answers of these and of those that were
  /// written since the range that is behind most: about twice as many.
  static let defaultMaximumWaiting = 30_000
  /// Ranges that a commit writes at most; one keeps up with full groups. A range has a 256th of all
  /// hashes, and so much is what a commit may have to merge.
  private static let rangesOfCommit = 2
  private static let rangeCount = 256
  /// A row of so many is as long as a page of the database.
  static let entriesOfPage = 250
  private static let bytesOfEntry = 16
  /// Segments of a level that become one of the next.
  private static let fanIn = 8

  /// A hash times the secret number, and the number of an answer to a key that has it.
  private struct Entry: Comparable {
    let hash: UInt64
    let number: Int64

    static func < (left: Entry, right: Entry) -> Bool {
      (left.hash, left.number) < (right.hash, right.number)
    }
  }

  private struct Page {
    let id: Int64
    let firstHash: UInt64
  }

  /// Sorted entries of one range, in rows with successive numbers.
  private struct Segment {
    var pages: [Page]
    var count: Int

    var level: Int { Self.level(count) }

    static func level(_ count: Int) -> Int {
      var level = 0
      var size = entriesOfPage
      while size < count { (level, size) = (level + 1, size * fanIn) }
      return level
    }

    /// How many pages begin with the hash or a smaller one.
    func pageCount(upTo hash: UInt64) -> Int {
      var (low, high) = (0, pages.count)
      while low < high {
        let middle = (low + high) / 2
        if pages[middle].firstHash <= hash { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }

  private let maximumWaiting: Int
  private var multiplier: UInt64 = 1
  /// Every hash, stored or waiting; `nil` until the table was read.
  private var filter: AnswerFilter?
  private var segments = [[Segment]](repeating: [], count: AnswerIndex.rangeCount)
  private var nextPage: Int64 = 1
  /// For each range, the number of the first answer that it may not have in the table.
  private var through = [Int64](repeating: 0, count: AnswerIndex.rangeCount)

  /// So few of a range that to look through them, for a key that may be known, is quicker than to
  /// keep them by hash.
  private var waiting = [[Entry]](repeating: [], count: AnswerIndex.rangeCount)
  private(set) var waitingCount = 0
  private var nextRange = 0
  /// A range as it was before the group wrote it.
  private struct Written {
    let range: Int
    let through: Int64
    let segments: [Segment]
    let waiting: [Entry]
  }

  /// What the group has changed by writing ranges, as it was when the last commit ended.
  private var undo: (written: [Written], nextPage: Int64) = ([], 1)

  init(maximumWaiting: Int = AnswerIndex.defaultMaximumWaiting) {
    self.maximumWaiting = maximumWaiting
  }

  private func scramble(_ hash: Int64) -> UInt64 { UInt64(bitPattern: hash) &* multiplier }

  private static func range(_ hash: UInt64) -> Int { Int(hash >> 56) }

  // MARK: - Asking

  /// The numbers of the answers to keys with the hash, mostly none.
  func numbers(of hash: Int64, _ db: Reader) throws -> [Int64] {
    let hash = scramble(hash)
    guard filter?.mayContain(hash) ?? true else { return [] }
    let range = Self.range(hash)
    var numbers = waiting[range].filter { $0.hash == hash }.map(\.number)
    for segment in segments[range] {
      // Hashes that are the same may begin at the end of the page before.
      for page in segment.pages[..<segment.pageCount(upTo: hash)].reversed() {
        numbers += try Self.numbers(of: hash, inPage: page.id, db)
        if page.firstHash < hash { break }
      }
    }
    return numbers
  }

  // MARK: - Adding

  /// Adds a hash, unless the table has it already.
  mutating func insert(_ hash: Int64, _ number: Int64) {
    let hash = scramble(hash)
    let range = Self.range(hash)
    guard number >= through[range] else { return }
    // A group that failed has left its hashes there.
    if filter?.mayContain(hash) == false { filter?.insert(hash) }
    waiting[range].append(Entry(hash: hash, number: number))
    waitingCount += 1
  }

  /// Writes a part of what waits, if it is too much. To be called once a group.
  ///
  /// - Parameter next: the number that the next group's first answer will have.
  mutating func write(_ tx: Transaction, next: Int64) throws {
    guard waitingCount > maximumWaiting else { return }
    for _ in 0..<Self.rangesOfCommit where waitingCount > maximumWaiting {
      try write(range: nextRange, next: next, tx)
      nextRange = (nextRange + 1) % Self.rangeCount
    }
    var bytes: [UInt8] = []
    for number in through { withUnsafeBytes(of: number.littleEndian) { bytes += $0 } }
    try tx.execute("UPDATE answer_index_state SET through = ?1", bytes)
  }

  /// What was written is committed.
  mutating func committed() { undo = ([], nextPage) }

  /// What was inserted and written since the last commit is not.
  ///
  /// - Parameter next: the number that the next group's first answer will have.
  mutating func rollBack(next: Int64) {
    for written in undo.written.reversed() {
      waitingCount += written.waiting.count - waiting[written.range].count
      waiting[written.range] = written.waiting
      segments[written.range] = written.segments
      through[written.range] = written.through
      nextRange = written.range
    }
    nextPage = undo.nextPage
    undo.written = []
    for range in waiting.indices {
      while let last = waiting[range].last, last.number >= next {
        waiting[range].removeLast()
        waitingCount -= 1
      }
    }
  }

  private mutating func write(range: Int, next: Int64, _ tx: Transaction) throws {
    var entries = waiting[range]
    undo.written.append(
      Written(
        range: range, through: through[range], segments: segments[range], waiting: entries))
    through[range] = next
    guard !entries.isEmpty else { return }
    waiting[range] = []
    waitingCount -= entries.count
    while true {
      let level = Segment.level(entries.count)
      let equals = segments[range].filter { $0.level == level }
      guard equals.count >= Self.fanIn - 1 else { break }
      for segment in equals {
        for page in segment.pages {
          entries += try Self.entries(Self.bytes(ofPage: page.id, tx), ofPage: page.id)
        }
        try tx.execute(
          "DELETE FROM answer_index WHERE id BETWEEN ?1 AND ?2", segment.pages[0].id,
          segment.pages[segment.pages.count - 1].id)
      }
      segments[range].removeAll { $0.level == level }
    }
    entries.sort()
    segments[range].append(try append(entries, tx))
  }

  /// Writes sorted entries as a segment.
  private mutating func append(_ entries: [Entry], _ tx: Transaction) throws -> Segment {
    var segment = Segment(pages: [], count: 0)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.entriesOfPage * Self.bytesOfEntry)
    let first = nextPage
    var firstHash = entries[0].hash
    for entry in entries {
      if bytes.isEmpty { firstHash = entry.hash }
      withUnsafeBytes(of: (entry.hash.littleEndian, entry.number.littleEndian)) { bytes += $0 }
      segment.count += 1
      guard segment.count.isMultiple(of: Self.entriesOfPage) else { continue }
      segment.pages.append(try append(&bytes, of: first, firstHash, tx))
    }
    if !bytes.isEmpty { segment.pages.append(try append(&bytes, of: first, firstHash, tx)) }
    return segment
  }

  private mutating func append(
    _ bytes: inout [UInt8], of segment: Int64, _ firstHash: UInt64, _ tx: Transaction
  ) throws -> Page {
    let page = Page(id: nextPage, firstHash: firstHash)
    nextPage += 1
    try tx.execute(
      "INSERT INTO answer_index (id, segment, entries) VALUES (?1, ?2, ?3)", page.id, segment,
      bytes)
    bytes.removeAll(keepingCapacity: true)
    return page
  }

  // MARK: - After a start

  /// Reads what the database has.
  ///
  /// - Returns: the number of the first answer that may not be in the table: all from there on are
  ///   to be inserted.
  mutating func load(_ db: Reader) throws -> Int64 {
    var loaded = AnswerIndex(maximumWaiting: maximumWaiting)
    let state = try db.queryOne("SELECT through, multiplier FROM answer_index_state") {
      (try $0.blob(0), try $0.int64(1))
    }
    guard let (through, multiplier) = state, !multiplier.isMultiple(of: 2),
      through.count == Self.rangeCount * MemoryLayout<Int64>.size
    else { throw StorageError.corrupt("the state of the answer index cannot be read") }
    loaded.multiplier = UInt64(bitPattern: multiplier)
    loaded.through = through.withUnsafeBytes { bytes in
      (0..<Self.rangeCount).map {
        Int64(littleEndian: bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int64.self))
      }
    }
    let first = loaded.through.min() ?? 0
    loaded.nextRange = loaded.through.firstIndex(of: first) ?? 0
    try loaded.readSegments(db)
    self = loaded
    return first
  }

  private mutating func readSegments(_ db: Reader) throws {
    var filter = AnswerFilter()
    var current: (range: Int, segment: Int64)?
    var last: Entry?
    try db.forEach("SELECT id, segment, entries FROM answer_index ORDER BY id") { row in
      let (id, segment) = (try row.int64(0), try row.int64(1))
      let entries = try Self.entries(try row.blob(2), ofPage: id)
      let range = Self.range(entries[0].hash)
      if current.map({ $0 != (range, segment) }) ?? true {
        segments[range].append(Segment(pages: [], count: 0))
        current = (range, segment)
        last = nil
      }
      let place = segments[range].count - 1
      segments[range][place].pages.append(Page(id: id, firstHash: entries[0].hash))
      segments[range][place].count += entries.count
      for entry in entries {
        // A hash that is not where it is looked for would have a command be done twice.
        guard Self.range(entry.hash) == range, last.map({ $0 < entry }) ?? true else {
          throw Self.damage(id)
        }
        last = entry
        filter.insert(entry.hash)
      }
      nextPage = id + 1
    }
    undo.nextPage = nextPage
    self.filter = filter
  }

  // MARK: - Bytes

  private static func numbers(
    of hash: UInt64, inPage page: Int64, _ db: Reader
  ) throws -> [Int64] {
    try bytes(ofPage: page, db).withUnsafeBytes { bytes in
      var (low, high) = (0, bytes.count / bytesOfEntry)
      while low < high {
        let middle = (low + high) / 2
        if entry(middle, bytes).hash < hash { low = middle + 1 } else { high = middle }
      }
      var numbers: [Int64] = []
      while low < bytes.count / bytesOfEntry, entry(low, bytes).hash == hash {
        numbers.append(entry(low, bytes).number)
        low += 1
      }
      return numbers
    }
  }

  private static func bytes(ofPage page: Int64, _ db: Reader) throws -> [UInt8] {
    let bytes = try db.queryOne("SELECT entries FROM answer_index WHERE id = ?1", page) {
      try $0.blob(0)
    }
    return try checked(bytes ?? [], ofPage: page)
  }

  private static func entries(_ bytes: [UInt8], ofPage page: Int64) throws -> [Entry] {
    try checked(bytes, ofPage: page).withUnsafeBytes { bytes in
      (0..<bytes.count / bytesOfEntry).map { entry($0, bytes) }
    }
  }

  private static func checked(_ bytes: [UInt8], ofPage page: Int64) throws -> [UInt8] {
    guard !bytes.isEmpty, bytes.count.isMultiple(of: bytesOfEntry) else {
      throw damage(page)
    }
    return bytes
  }

  private static func damage(_ page: Int64) -> StorageError {
    .corrupt("page \(page) of the answer index cannot be read")
  }

  private static func entry(_ index: Int, _ bytes: UnsafeRawBufferPointer) -> Entry {
    let offset = index * bytesOfEntry
    return Entry(
      hash: UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)),
      number: Int64(
        littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 8, as: Int64.self)))
  }
}
