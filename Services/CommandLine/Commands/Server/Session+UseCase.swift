import API
import RPC

extension Session {
  /// The use case that `name` means: its id, or its exact title where only one visible has it.
  func useCase(_ name: String) async throws -> CatalogUseCase {
    if isUseCaseID(name) {
      return try await useCases.getUseCase(CatalogGetUseCaseRequest(id: name), options: callOptions)
    }
    let found = try await Pages.all { token in
      let page = try await useCases.listUseCases(
        CatalogListUseCasesRequest(pageSize: Pages.size, pageToken: token, search: name),
        options: callOptions)
      return (page.useCases, page.nextPageToken)
    }
    let matches = found.filter { $0.content?.title == name }
    guard let match = matches.first else { throw RPCError.notFound("use case", name) }
    guard matches.count == 1 else {
      throw CommandFailure(
        "\(matches.count) use cases have this title; name one by its id",
        faults: matches.map { "\($0.id) of \($0.tenant)" })
    }
    return match
  }

  /// The id of the use case that `name` means; asks the server only for a title.
  func useCaseID(_ name: String) async throws -> String {
    isUseCaseID(name) ? name : try await useCase(name).id
  }

  /// Ids are `uc_` and 16 characters without spaces; a title may begin so, but hardly all of it.
  private func isUseCaseID(_ name: String) -> Bool {
    name.hasPrefix("uc_") && name.utf8.count == 19 && !name.contains(" ")
  }
}
