using LifecycleManager.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Scalar.AspNetCore;

namespace LifecycleManager.Manager.Api;

/// <summary>
/// The API's OpenAPI document, <c>/openapi.json</c>, and its page, <c>/docs</c>. Both need nothing from elsewhere.
/// </summary>
internal static class DocumentApi
{
    private const string Resource = "manager.openapi.json";

    public static void Map(IEndpointRouteBuilder app)
    {
        app.MapGet("/openapi.json", DescribeAsync).ShowsNoApp();
        app.MapGet("/openapi/manager.json", DescribeAsync).ShowsNoApp();
        app.MapReferencePage("LifecycleManager manager", "openapi/manager.json");
        app.MapScalarApiReference("/docs").ShowsNoApp();
    }

    private static async Task DescribeAsync(HttpContext http)
    {
        await using var document = typeof(DocumentApi).Assembly.GetManifestResourceStream(Resource)!;
        http.Response.ContentType = "application/json; charset=utf-8";
        await document.CopyToAsync(http.Response.Body, http.RequestAborted);
    }
}
