/** Whether the pages around this one let it use a device (W3C Permissions Policy, 9.1; Chromium tells). */

interface FeaturePolicy {
  allowsFeature(feature: string): boolean;
}

/** False only where the browser says so: others do not tell, and then the device itself refuses. */
export function policyAllows(feature: "camera" | "microphone", page: Document = document): boolean {
  const known = page as Document & { permissionsPolicy?: FeaturePolicy; featurePolicy?: FeaturePolicy };
  const policy = known.permissionsPolicy ?? known.featurePolicy;
  return policy?.allowsFeature(feature) ?? true;
}
