/// Lists that a server gives out in pages.
enum Pages {
  /// Entries asked for at once.
  static let size: Int32 = 100

  /// All entries, page after page; `fetch` gets a page's token and answers its entries and the
  /// next page's token.
  static func all<Entry>(
    _ fetch: (_ token: String) async throws -> (entries: [Entry], next: String)
  ) async throws -> [Entry] {
    var entries: [Entry] = []
    var token = ""
    repeat {
      let page = try await fetch(token)
      entries += page.entries
      // A token that does not move would loop for ever.
      token = page.next == token ? "" : page.next
    } while !token.isEmpty
    return entries
  }
}
