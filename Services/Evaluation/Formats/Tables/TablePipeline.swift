import Dispatch
import Synchronization

/// Reads a table with several threads: each takes a block from the file, parses it, and joins the
/// pieces that are next in the order of the file.
///
/// What waits to be joined is not larger than the columns that are kept.
final class TablePipeline<Builder: TableBuilder>: Sendable {
  private struct Source {
    var splitter: CSVSplitter
    let file: FileSource
    var count = 0
    var isAtEnd = false

    /// The next block and its number; nil when all are taken.
    mutating func next() -> (number: Int, block: CSVBlock)? {
      guard !isAtEnd else { return nil }
      count += 1
      while true {
        if let block = splitter.next() { return (count - 1, block) }
        if splitter.fill(file.read) { continue }
        isAtEnd = true
        return (count - 1, splitter.last())
      }
    }
  }

  private struct Sink {
    var reader: TableReader<Builder>
    var next = 0
    var waiting: [Int: TablePiece] = [:]
    var failure: FormatError?

    /// Joins a piece as soon as those before it are; false when reading can stop.
    mutating func take(_ number: Int, _ piece: TablePiece) -> Bool {
      waiting[number] = piece
      while failure == nil, let piece = waiting.removeValue(forKey: next) {
        next += 1
        do throws(FormatError) {
          try reader.take(piece)
        } catch {
          failure = error
        }
      }
      return failure == nil
    }
  }

  private let parser: RowParser
  private let limits: FormatLimits
  private let file: FileSource
  private let source: Mutex<Source>
  private let sink: Mutex<Sink>

  /// Goes on where a reader has found the header.
  init(
    _ reader: TableReader<Builder>, _ splitter: CSVSplitter, _ file: FileSource,
    limits: FormatLimits
  ) {
    guard let parser = reader.parser else { preconditionFailure("the header was read before") }
    self.parser = parser
    self.limits = limits
    self.file = file
    source = Mutex(Source(splitter: splitter, file: file))
    sink = Mutex(Sink(reader: reader))
  }

  /// The reader, when all blocks are joined.
  func run(workers: Int) throws(FormatError) -> TableReader<Builder> {
    DispatchQueue.concurrentPerform(iterations: workers) { _ in work() }
    let (reader, failure) = sink.withLock { ($0.reader, $0.failure) }
    // A file that breaks off reads as one that was cut.
    try file.throwIfFailed()
    if let failure { throw failure }
    return reader
  }

  private func work() {
    var scan = SeparatorScan()
    while let (number, block) = source.withLock({ $0.next() }) {
      let piece = parser.parse(block, &scan, limits: limits)
      guard sink.withLock({ $0.take(number, piece) }) else { return }
    }
  }
}
