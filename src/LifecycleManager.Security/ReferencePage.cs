using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace LifecycleManager.Security;

/// <summary>
/// The page of an API's document, in place of the one that Scalar makes: that one holds a script, which the pages' policy does
/// not run. Scalar's own files stay where it serves them.
/// </summary>
public static class ReferencePage
{
    /// <summary>Maps <c>/docs</c>, below which Scalar's files are served.</summary>
    /// <param name="endpoints">Gets the page and its script.</param>
    /// <param name="title">The title of the page, as it stands in HTML.</param>
    /// <param name="document">The document's path, without its first slash.</param>
    public static void MapReferencePage(this IEndpointRouteBuilder endpoints, string title, string document)
    {
        var page = $"""
            <!doctype html>
            <html lang="en">
            <head>
              <title>{title}</title>
              <meta charset="utf-8">
              <meta name="viewport" content="width=device-width, initial-scale=1">
            </head>
            <body>
              <div id="app"></div>
              <noscript>This page needs JavaScript; the document itself is at <a href="/{document}">/{document}</a>.</noscript>
              <script src="/docs/scalar.js"></script>
              <script type="module" src="/docs/start.js"></script>
            </body>
            </html>
            """;
        var script = $$"""
            import { initialize } from './scalar.aspnetcore.js'
            initialize('%2Fdocs%2F', false, {
              withDefaultFonts: false, favicon: 'favicon.svg', hideClientButton: true, telemetry: false,
              showDeveloperTools: 'never', agent: { disabled: true }, mcp: { disabled: true },
              sources: [{ title: 'API', url: '{{document}}' }],
            }, '')
            """;
        endpoints.MapGet("/docs", () => Results.Content(page, "text/html; charset=utf-8")).ShowsNoApp();
        endpoints.MapGet("/docs/start.js", () => Results.Content(script, "text/javascript; charset=utf-8")).ShowsNoApp();
    }
}
