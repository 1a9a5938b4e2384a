using Microsoft.AspNetCore.Http.Metadata;

namespace LifecycleManager.Manager.Api;

/// <summary>The longest body that an endpoint reads, in bytes.</summary>
internal sealed record BodyLimit(long? MaxRequestBodySize) : IRequestSizeLimitMetadata;
