import CatalogService
import ServiceKit

ServiceMain.run(CatalogProgram.self)
