namespace BrownField.Services;

/// <summary>
/// Passes <c>/api/search</c> on to the search instances, one after the other. An instance that refuses the connection is
/// passed over; no instance is a 503, a broken answer a 502, none in time a 504.
/// </summary>
internal static class SearchApiGateway
{
    public static void Map(WebApplication app, BrownFieldOptions options)
    {
        var client = ServiceClient.Create(options.Timeout);
        app.Lifetime.ApplicationStopped.Register(client.Dispose);
        var turn = new Turn();
        app.MapGet("/api/search", context => Pass(context, "search", client, options, turn));
        app.MapPost("/api/search/get", context => Pass(context, "search/get", client, options, turn));
    }

    private static async Task Pass(HttpContext context, string path, HttpClient client, BrownFieldOptions options, Turn turn)
    {
        // The body is small (the server refuses more than 64 KiB) and kept, so that it can go to the next instance.
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        var first = turn.Next();
        for (var i = 0; i < options.SearchUrls.Count; i++)
        {
            var instance = options.SearchUrls[(int)((first + (uint)i) % (uint)options.SearchUrls.Count)];
            using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method),
                new Uri(instance, path + context.Request.QueryString));
            if (body.Length > 0)
            {
                request.Content = new ByteArrayContent(body.ToArray());
                request.Content.Headers.TryAddWithoutValidation("Content-Type",
                    context.Request.ContentType ?? "application/json");
            }

            try
            {
                using var response = await client.SendAsync(request, HttpCompletionOption.ResponseContentRead,
                    context.RequestAborted);
                context.Response.StatusCode = (int)response.StatusCode;
                context.Response.ContentType = response.Content.Headers.ContentType?.ToString();
                await response.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
                return;
            }
            catch (HttpRequestException e) when (e.HttpRequestError is HttpRequestError.ConnectionError
                or HttpRequestError.NameResolutionError)
            {
                continue;
            }
            catch (HttpRequestException e)
            {
                await Answer(context, 502, $"search at {instance} broke off: {e.Message}");
                return;
            }
            catch (TaskCanceledException) when (!context.RequestAborted.IsCancellationRequested)
            {
                await Answer(context, 504, $"search at {instance} did not answer in {options.Timeout.TotalSeconds:0.###} s");
                return;
            }
        }

        await Answer(context, 503, options.SearchUrls.Count == 0
            ? "no search instance is configured; --search-url names them"
            : $"no search instance takes connections: {string.Join(", ", options.SearchUrls)}");
    }

    private static Task Answer(HttpContext context, int status, string message)
    {
        context.Response.StatusCode = status;
        return context.Response.WriteAsJsonAsync(new Problem(status, message), BrownFieldJson.Default.Problem,
            cancellationToken: context.RequestAborted);
    }

    /// <summary>Whose turn it is.</summary>
    private sealed class Turn
    {
        private uint _next = uint.MaxValue;

        public uint Next() => Interlocked.Increment(ref _next);
    }
}
