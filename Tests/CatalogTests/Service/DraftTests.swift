import API
import CatalogDomain
import RPC
import Testing

@testable import CatalogService

@Suite("Drafts")
struct DraftTests {
  @Test("an empty draft is saved and shown to the owning tenant")
  func emptyDraft() async throws {
    let world = try await World()
    let draft = try await world.catalog.createUseCase(
      CatalogCreateUseCaseRequest(), World.organiser)
    #expect(draft.id.hasPrefix("uc_") && draft.state == .draft && draft.tenant == "acme")
    #expect(try await world.get(draft.id, as: World.viewer) == draft)
  }

  @Test("what was saved is what is shown")
  func roundTrip() async throws {
    let world = try await World()
    var content = try await world.completeContent()
    content.startTime = Google_Protobuf_Timestamp(unixMilliseconds: World.start + 5)
    content.limits = CatalogSubmissionLimits(perDay: 3, total: 100, concurrent: 1)
    let draft = try await world.catalog.createUseCase(
      CatalogCreateUseCaseRequest(content: content), World.organiser)
    #expect(draft.content == content)
    #expect(try await world.get(draft.id, as: World.organiser).content == content)
  }

  @Test("a draft beyond a limit is refused, every field named")
  func limits() async throws {
    let world = try await World()
    let content = CatalogUseCaseContent(
      title: String(repeating: "x", count: 200), task: .unrecognized(77),
      budget: CatalogComputeBudget(participants: 0, gflopEach: 1))
    let refused = await status {
      _ = try await world.catalog.createUseCase(
        CatalogCreateUseCaseRequest(content: content), World.organiser)
    }
    #expect(refused?.code == .invalidArgument)
    #expect(refused?.details.fieldViolations.map(\.field) == ["task"])
    #expect(try await world.listed(as: World.organiser).isEmpty)
  }

  @Test("an update takes the fields that are set, or those that the mask names")
  func update() async throws {
    let world = try await World()
    let draft = try await world.draft()
    let retitled = try await world.catalog.updateUseCase(
      CatalogUpdateUseCaseRequest(
        id: draft.id, content: CatalogUseCaseContent(title: "Second title")), World.organiser)
    #expect(retitled.content?.title == "Second title")
    #expect(retitled.content?.description == draft.content?.description)
    #expect(retitled.etag != draft.etag)
    let cleared = try await world.catalog.updateUseCase(
      CatalogUpdateUseCaseRequest(
        id: draft.id, etag: retitled.etag, content: CatalogUseCaseContent(),
        updateMask: ["budget", "description"]), World.owner)
    #expect(cleared.content?.budget == nil && cleared.content?.description == "")
    #expect(cleared.content?.title == "Second title")
  }

  @Test("an update that saw an older version is ABORTED and changes nothing")
  func staleEtag() async throws {
    let world = try await World()
    let draft = try await world.draft()
    let change = CatalogUseCaseContent(title: "B")
    _ = try await world.catalog.updateUseCase(
      CatalogUpdateUseCaseRequest(id: draft.id, etag: draft.etag, content: change),
      World.organiser)
    let refused = await status {
      _ = try await world.catalog.updateUseCase(
        CatalogUpdateUseCaseRequest(
          id: draft.id, etag: draft.etag, content: CatalogUseCaseContent(title: "C")),
        World.organiser)
    }
    #expect(refused?.code == .aborted)
    #expect(try await world.get(draft.id, as: World.organiser).content?.title == "B")
  }

  @Test("a clone is a draft of the caller's own, without dates and without another's data")
  func clone() async throws {
    let world = try await World()
    let source = try await world.published(.public, inviting: [])
    let own = try await world.catalog.cloneUseCase(
      CatalogCloneUseCaseRequest(id: source.id), World.organiser)
    #expect(own.state == .draft && own.content?.title == "Copy of Breast cancer")
    #expect(own.content?.trainMetadatasetId == source.content?.trainMetadatasetId)
    #expect(own.content?.endTime == nil)
    let other = try await world.catalog.cloneUseCase(
      CatalogCloneUseCaseRequest(id: source.id, title: "Mine"), World.rival)
    #expect(other.tenant == "rival" && other.content?.title == "Mine")
    #expect(other.content?.trainMetadatasetId == "" && other.content?.budget == nil)
    #expect(other.content?.metric == source.content?.metric)
  }

  @Test("a quote multiplies the draft's budget and asks Compute as the caller")
  func quote() async throws {
    let world = try await World()
    let draft = try await world.draft()
    _ = try await world.catalog.updateUseCase(
      CatalogUpdateUseCaseRequest(
        id: draft.id,
        content: CatalogUseCaseContent(
          budget: CatalogComputeBudget(participants: 10, gflopEach: 200_000_000))),
      World.organiser)
    let quote = try await world.catalog.quoteUseCase(
      CatalogQuoteUseCaseRequest(id: draft.id), World.billing, CallOptions())
    #expect(quote.participants == 10 && quote.gflopTotal == 2_000_000_000)
    #expect(quote.nanoEuroTotal == 50_000_000_000 && quote.eurTotal == "50.00")
  }

  @Test("without a budget there is no quote")
  func noBudget() async throws {
    let world = try await World()
    let draft = try await world.catalog.createUseCase(
      CatalogCreateUseCaseRequest(), World.organiser)
    let refused = await status {
      _ = try await world.catalog.quoteUseCase(
        CatalogQuoteUseCaseRequest(id: draft.id), World.organiser, CallOptions())
    }
    #expect(refused?.code == .failedPrecondition)
  }

  @Test("a metadataset is registered from what Evaluation tells the caller, and once")
  func metadatasets() async throws {
    let world = try await World()
    let train = try await world.register(.train)
    #expect(train.rowCount == 120 && train.classCounts == ["B": 70, "M": 50])
    #expect(train.task == .tabularClassification && train.columns == ["id", "label"])
    #expect(try await world.register(.train) == train)
    let list = try await world.catalog.listMetadatasets(
      CatalogListMetadatasetsRequest(), World.owner)
    #expect(list.metadatasets == [train])
    let foreign = try await world.catalog.listMetadatasets(
      CatalogListMetadatasetsRequest(), World.rival)
    #expect(foreign.metadatasets.isEmpty)
  }

  @Test("another tenant's dataset does not exist for a registration")
  func foreignDataset() async throws {
    let world = try await World()
    var options = CallOptions()
    options.principal = Array("signed by rival".utf8)
    let refused = await status {
      _ = try await world.catalog.registerMetadataset(
        CatalogRegisterMetadatasetRequest(
          name: "x", purpose: .train, datasetId: "dat_acme_train"), World.rival, options)
    }
    #expect(refused?.code == .notFound)
  }

  @Test("pages end where they should and their tokens are good for their owner only")
  func pages() async throws {
    let world = try await World()
    for _ in 0..<5 {
      _ = try await world.catalog.createUseCase(CatalogCreateUseCaseRequest(), World.organiser)
      world.clock.advance(milliseconds: 1)
    }
    var request = CatalogListUseCasesRequest(pageSize: 2)
    var seen: [String] = []
    var tokens: [String] = []
    repeat {
      let page = try await world.catalog.listUseCases(request, World.organiser)
      seen += page.useCases.map(\.id)
      request.pageToken = page.nextPageToken
      tokens.append(page.nextPageToken)
    } while !request.pageToken.isEmpty
    #expect(seen.count == 5 && Set(seen).count == 5 && tokens.count == 3)
    #expect(try await world.listed(as: World.organiser) == seen)
    request.pageToken = tokens[0]
    let refused = await status {
      _ = try await world.catalog.listUseCases(request, World.rival)
    }
    #expect(refused?.code == .invalidArgument)
    #expect(refused?.details.fieldViolations.map(\.field) == ["page_token"])
  }

  @Test("a list is narrowed by words, task, state and owner")
  func filters() async throws {
    let world = try await World()
    let id = try await world.published(.public, inviting: []).id
    func count(_ request: CatalogListUseCasesRequest) async throws -> Int {
      try await world.catalog.listUseCases(request, World.rival).useCases.count
    }
    #expect(try await count(CatalogListUseCasesRequest(search: "CANCER malignant")) == 1)
    #expect(try await count(CatalogListUseCasesRequest(search: "cancer%")) == 0)
    #expect(try await count(CatalogListUseCasesRequest(task: .tabularClassification)) == 1)
    #expect(try await count(CatalogListUseCasesRequest(task: .objectDetection)) == 0)
    #expect(try await count(CatalogListUseCasesRequest(state: .published)) == 1)
    #expect(try await count(CatalogListUseCasesRequest(state: .paused)) == 0)
    #expect(try await count(CatalogListUseCasesRequest(own: true)) == 0)
    #expect(try await world.listed(as: World.rival) == [id])
  }
}
