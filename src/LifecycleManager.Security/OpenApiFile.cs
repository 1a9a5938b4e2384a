using System.Reflection;
using Microsoft.AspNetCore.Http;

namespace LifecycleManager.Security;

/// <summary>An API's OpenAPI document, as it stands in an assembly.</summary>
public static class OpenApiFile
{
    /// <summary>Answers with a document.</summary>
    /// <param name="assembly">The assembly that holds it.</param>
    /// <param name="resource">The name of the resource; there is one, or calls fail.</param>
    public static RequestDelegate Of(Assembly assembly, string resource) => async http =>
    {
        ArgumentNullException.ThrowIfNull(http);
        await using var document = assembly.GetManifestResourceStream(resource)!;
        http.Response.ContentType = "application/json; charset=utf-8";
        await document.CopyToAsync(http.Response.Body, http.RequestAborted);
    };
}
