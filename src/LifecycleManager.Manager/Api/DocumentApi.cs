using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Scalar.AspNetCore;

namespace LifecycleManager.Manager.Api;

/// <summary>
/// The API's OpenAPI document, <c>/openapi.json</c>, and its page, <c>/docs</c>. Both need nothing from elsewhere.
/// </summary>
internal static class DocumentApi
{
    public static void Map(IEndpointRouteBuilder app)
    {
        var document = OpenApiFile.Of(typeof(DocumentApi).Assembly, "manager.openapi.json");
        foreach (var path in (string[])["/openapi.json", "/openapi/manager.json"]) app.MapGet(path, document).ShowsNoApp();
        app.MapReferencePage("LifecycleManager manager", "openapi/manager.json");
        app.MapScalarApiReference("/docs").ShowsNoApp();
    }
}
