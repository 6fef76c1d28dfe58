/// Words that the title or description of a use case must all contain, whatever their case.
public struct SearchQuery: Hashable, Sendable {
  public let words: [String]

  /// Parses what somebody typed; an empty text looks for nothing in particular.
  public init(_ text: String) throws(CatalogError) {
    guard
      text.utf8.count
        <= CatalogLimits.maximumSearchWords * CatalogLimits.maximumSearchWordCharacters * 4
    else { throw Self.tooLong }
    let words = Self.folded(text).split(whereSeparator: \.isWhitespace).map(String.init)
    guard words.count <= CatalogLimits.maximumSearchWords,
      words.allSatisfy({ $0.count <= CatalogLimits.maximumSearchWordCharacters })
    else { throw Self.tooLong }
    self.words = words
  }

  private static let tooLong = CatalogError.invalid(
    "search",
    "at most \(CatalogLimits.maximumSearchWords) words of at most "
      + "\(CatalogLimits.maximumSearchWordCharacters) characters")

  /// The form in which texts are compared.
  public static func folded(_ text: String) -> String { text.lowercased() }

  /// What is stored beside a use case to be searched.
  public static func searchText(of content: UseCaseContent) -> String {
    folded(content.title) + "\n" + folded(content.description)
  }

  /// One pattern of SQL's LIKE for each word, to be used with `ESCAPE '\'`.
  public var likePatterns: [String] {
    words.map { word in
      let escaped = word.map { "\\%_".contains($0) ? "\\\($0)" : String($0) }.joined()
      return "%\(escaped)%"
    }
  }
}
