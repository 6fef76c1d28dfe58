/// The command line cannot be understood: exit code 2.
struct UsageError: Error, Equatable, CustomStringConvertible {
  let description: String
  /// The command whose help says more; empty for `assay` itself.
  var command: String

  init(_ description: String, command: String = "") {
    self.description = description
    self.command = command
  }
}

/// The command was understood and could not be done, without a server's saying so: exit code 1.
struct CommandFailure: Error, Equatable, CustomStringConvertible {
  /// One line, as a status is.
  let message: String
  /// Single faults, one line each: `FILE:LINE:COLUMN: text`.
  let faults: [String]

  init(_ message: String, faults: [String] = []) {
    self.message = message
    self.faults = faults
  }

  var description: String { ([message] + faults.map { "  " + $0 }).joined(separator: "\n") }
}

/// The word of `candidates` that `word` was probably meant to be.
func nearest(to word: String, among candidates: [String]) -> String? {
  let close = candidates.map { ($0, editDistance(word, $0)) }.min { $0.1 < $1.1 }
  guard let (candidate, distance) = close, distance <= max(1, word.count / 2) else { return nil }
  return candidate
}

/// Levenshtein's distance: insertions, deletions and substitutions between two words.
private func editDistance(_ left: String, _ right: String) -> Int {
  let right = Array(right)
  var row = Array(0...right.count)
  for (line, character) in left.enumerated() {
    var diagonal = row[0]
    row[0] = line + 1
    for (column, other) in right.enumerated() {
      let substituted = diagonal + (character == other ? 0 : 1)
      diagonal = row[column + 1]
      row[column + 1] = min(substituted, row[column] + 1, diagonal + 1)
    }
  }
  return row[right.count]
}
