import API

/// `assay dataset …` and `assay metadataset …`: what use cases are made of.
enum DatasetCommands {
  static let all = [ingest, list, show, register, listMetadatasets, showMetadataset]

  static let ingest = Command(
    "dataset ingest", "Upload a file as a dataset, and register a metadataset for it",
    details: """
      The file is checked row by row, all or nothing: a fault is told with file, line and column,
      and nothing is stored. Rows never leave the evaluation service. With --purpose the dataset is
      registered as a metadataset, which is what a use case refers to; both ids are printed.
      """,
    arguments: [Argument("FILE", "CSV with a heading line; columns depend on the task")],
    options: [
      Option("task", "TASK", "such as tabular-classification; see `assay metrics`", required: true),
      Option("purpose", "PURPOSE", "what a use case holds it for", choices: ["train", "test"]),
      Option("name", "TEXT", "name of dataset and metadataset; the file's unless told"),
      Option(
        "classes", "A,B,…",
        "class order, the last of two being the positive one; the labels "
          + "found, sorted, unless told"),
    ],
    examples: [
      "assay dataset ingest truth.csv --task tabular-classification --purpose test",
      "assay dataset ingest truth.csv --task tabular-classification --classes benign,malignant",
    ]
  ) { call in
    let arguments = call.arguments
    let upload = try Upload(arguments.argument("FILE"), console: call.console)
    let name = arguments["name"] ?? stem(upload.file.name)
    let header = EvaluationIngestDatasetRequest.Header(
      name: name, task: try task(arguments) ?? .unspecified,
      classes: arguments.separated("classes"), fileName: upload.file.name)
    let dataset = try await upload.naming {
      try await call.session.datasets.ingestDataset(options: call.session.callOptions) { writer in
        try await upload.send(
          to: writer, header: EvaluationIngestDatasetRequest(part: .header(header)),
          chunk: { EvaluationIngestDatasetRequest(part: .chunk($0)) })
      }
    }
    guard let purpose: CatalogPurpose = try arguments.choice("purpose") else {
      return Answer(dataset, text: facts(dataset).text)
    }
    call.console.err("dataset \(dataset.id) ingested\n")
    let metadataset = try await call.session.metadatasets.registerMetadataset(
      CatalogRegisterMetadatasetRequest(name: name, purpose: purpose, datasetId: dataset.id),
      options: call.session.callOptions)
    return Answer(
      text: facts(metadataset).text,
      json: JSON.object(["dataset": JSON.of(dataset), "metadataset": JSON.of(metadataset)]),
      message: metadataset)
  }

  static let list = Command(
    "dataset list", "List your tenant's datasets", examples: ["assay dataset list"]
  ) { call in
    let datasets = try await Pages.all { token in
      let page = try await call.session.datasets.listDatasets(
        EvaluationListDatasetsRequest(pageSize: Pages.size, pageToken: token),
        options: call.session.callOptions)
      return (page.datasets, page.nextPageToken)
    }
    let table = Table(["id", "name", "task", "#rows", "#size", "created"], datasets) {
      [
        $0.id, $0.name, EnumName.text($0.task), String($0.rowCount), Bytes.text($0.sizeBytes),
        UTCTime.text($0.createTime),
      ]
    }
    return Answer(EvaluationListDatasetsResponse(datasets: datasets), table, none: "no datasets")
  }

  static let show = Command(
    "dataset show", "Show one dataset's summary",
    arguments: [Argument("DATASET", "id of the dataset")],
    examples: ["assay dataset show dat_abcdefghijklmnop"]
  ) { call in
    let dataset = try await call.session.datasets.getDataset(
      EvaluationGetDatasetRequest(id: call.arguments.argument("DATASET")),
      options: call.session.callOptions)
    return Answer(dataset, text: facts(dataset).text)
  }

  static let register = Command(
    "metadataset register", "Register a metadataset for a dataset that is ingested already",
    arguments: [Argument("DATASET", "id of the dataset")],
    options: [
      Option(
        "purpose", "PURPOSE", "what a use case holds it for", required: true,
        choices: ["train", "test"]),
      Option("name", "TEXT", "the name that people read", required: true),
    ],
    examples: ["assay metadataset register dat_abcdefghijklmnop --purpose test --name truth"]
  ) { call in
    let metadataset = try await call.session.metadatasets.registerMetadataset(
      CatalogRegisterMetadatasetRequest(
        name: call.arguments.text("name"),
        purpose: try call.arguments.choice("purpose") ?? .unspecified,
        datasetId: call.arguments.argument("DATASET")),
      options: call.session.callOptions)
    return Answer(metadataset, text: facts(metadataset).text)
  }

  static let listMetadatasets = Command(
    "metadataset list", "List your tenant's metadatasets", examples: ["assay metadataset list"]
  ) { call in
    let metadatasets = try await Pages.all { token in
      let page = try await call.session.metadatasets.listMetadatasets(
        CatalogListMetadatasetsRequest(pageSize: Pages.size, pageToken: token),
        options: call.session.callOptions)
      return (page.metadatasets, page.nextPageToken)
    }
    let table = Table(
      ["id", "name", "purpose", "task", "#rows", "dataset", "created"], metadatasets
    ) {
      [
        $0.id, $0.name, EnumName.text($0.purpose), EnumName.text($0.task), String($0.rowCount),
        $0.datasetId, UTCTime.text($0.createTime),
      ]
    }
    return Answer(
      CatalogListMetadatasetsResponse(metadatasets: metadatasets), table, none: "no metadatasets")
  }

  static let showMetadataset = Command(
    "metadataset show", "Show one metadataset",
    arguments: [Argument("METADATASET", "id of the metadataset")],
    examples: ["assay metadataset show mds_abcdefghijklmnop"]
  ) { call in
    let metadataset = try await call.session.metadatasets.getMetadataset(
      CatalogGetMetadatasetRequest(id: call.arguments.argument("METADATASET")),
      options: call.session.callOptions)
    return Answer(metadataset, text: facts(metadataset).text)
  }

  private static func task(_ arguments: Arguments) throws -> CatalogTask? {
    try arguments.choice("task")
  }

  private static func facts(_ dataset: EvaluationDataset) -> Facts {
    var facts = Facts()
    facts.add("dataset", dataset.id)
    facts.add("name", dataset.name)
    facts.add("task", EnumName.text(dataset.task))
    facts.add("rows", String(dataset.rowCount))
    facts.add("columns", dataset.columns.joined(separator: ", "))
    facts.add("classes", counts(dataset.classCounts.dictionary, order: dataset.classes))
    facts.add("size", Bytes.text(dataset.sizeBytes))
    facts.add("sha256", dataset.sha256)
    return facts
  }

  private static func facts(_ metadataset: CatalogMetadataset) -> Facts {
    var facts = Facts()
    facts.add("metadataset", metadataset.id)
    facts.add("dataset", metadataset.datasetId)
    facts.add("name", metadataset.name)
    facts.add("purpose", EnumName.text(metadataset.purpose))
    facts.add("task", EnumName.text(metadataset.task))
    facts.add("rows", String(metadataset.rowCount))
    facts.add("columns", metadataset.columns.joined(separator: ", "))
    facts.add(
      "classes",
      counts(
        metadataset.classCounts.dictionary, order: metadataset.classCounts.keys.sorted()))
    facts.add("sha256", metadataset.sha256)
    return facts
  }

  private static func counts(_ counts: [String: Int64], order: [String]) -> String {
    order.map { "\($0) (\(counts[$0] ?? 0))" }.joined(separator: ", ")
  }

  private static func stem(_ name: String) -> String {
    name.lastIndex(of: ".").map { String(name[..<$0]) } ?? name
  }
}
