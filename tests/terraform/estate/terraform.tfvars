teams = {
  shop = {
    project  = "acme/web/shop"
    groups   = ["acme/web"]
    projects = [42]
  }
  till = {
    project = "acme/web/till"
    open    = true
  }
}
