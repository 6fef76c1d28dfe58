import Crypto
import Formats
import Metrics
import ServiceKit

/// Ground truth, decoded and kept in memory; at the bound the least recently used goes.
///
/// The bound counts bytes of the files, not of memory: a decoded table takes about as much as its
/// text.
actor DecodedTruths {
  struct Key: Hashable, Sendable {
    var sha256: Digest
    var task: MetricTask
    /// Class order; empty where the task has none.
    var classes: [String]
  }

  private struct Entry {
    let dataset: Dataset
    let bytes: Int64
    var lastUse: Int
  }

  private let maximumBytes: Int64
  private var entries: [Key: Entry] = [:]
  private var loading: [Key: Task<Dataset, any Error>] = [:]
  private var totalBytes: Int64 = 0
  private var uses = 0

  init(maximumBytes: Int64) {
    self.maximumBytes = maximumBytes
  }

  /// The truth in the file at `path`, of this many bytes. Decoded once, however many ask at a time.
  func truth(_ key: Key, path: String, bytes: Int64) async throws -> Dataset {
    uses += 1
    if var entry = entries[key] {
      entry.lastUse = uses
      entries[key] = entry
      return entry.dataset
    }
    if let task = loading[key] { return try await task.value }
    let task = Task {
      try await Work.run {
        try DatasetReader.read(
          path: path, task: key.task, classes: key.classes.isEmpty ? nil : key.classes,
          limits: .defaults)
      }
    }
    loading[key] = task
    defer { loading[key] = nil }
    let dataset = try await task.value
    keep(key, Entry(dataset: dataset, bytes: bytes, lastUse: uses))
    return dataset
  }

  private func keep(_ key: Key, _ entry: Entry) {
    guard entry.bytes <= maximumBytes else { return }
    while totalBytes + entry.bytes > maximumBytes,
      let oldest = entries.min(by: { $0.value.lastUse < $1.value.lastUse })
    {
      entries[oldest.key] = nil
      totalBytes -= oldest.value.bytes
    }
    entries[key] = entry
    totalBytes += entry.bytes
  }
}
